// Moves recordings from the data folder named by its first argument to the bucket at the second, without end; says on standard output that it has begun.
import { join } from "node:path";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { S3Bucket } from "../../media/bucket.js";
import { createRecordings } from "../../media/recordings.js";
import { Heartbeat } from "../../scheduler/heartbeat.js";
import { retentionSweeps } from "../../scheduler/retention.js";
import { Uploads } from "../../scheduler/uploads.js";
import { openStore } from "../../store/open-store.js";
import { KEPT } from "./kept.js";

const [dataDir = "", endpoint = ""] = process.argv.slice(2);
const parts = { clock: systemClock, log: silentLog };
const store = await openStore({ dataDir, ...parts });
const recordings = await createRecordings(join(dataDir, "recordings"));
const bucket = await S3Bucket.open({
	...{ bucket: "recordings", prefix: "", region: undefined },
	...{ endpoint, clock: systemClock },
});
const uploads = new Uploads({ store, recordings, bucket, ...parts });
const sweeps = retentionSweeps({
	...{ ...parts, store, recordings, bucket, ...KEPT },
	found: (name) => uploads.found(name),
});
const heart = new Heartbeat(sweeps, silentLog);
process.stdout.write("begins\n");
for (;;) await heart.beat();
