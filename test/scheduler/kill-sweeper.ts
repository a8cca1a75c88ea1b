// Deletes old calls and recordings of the data folder named by its argument, without end; says on standard output that it has begun.
import { join } from "node:path";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { createRecordings } from "../../media/recordings.js";
import { Heartbeat } from "../../scheduler/heartbeat.js";
import { retentionSweeps } from "../../scheduler/retention.js";
import { openStore } from "../../store/open-store.js";
import { KEPT } from "./kept.js";

const dataDir = process.argv[2] ?? "";
const parts = { clock: systemClock, log: silentLog };
const store = await openStore({ dataDir, ...parts });
const recordings = await createRecordings(join(dataDir, "recordings"));
const sweeps = retentionSweeps({ ...parts, store, recordings, ...KEPT });
const heart = new Heartbeat(sweeps, silentLog);
process.stdout.write("begins\n");
for (;;) await heart.beat();
