// Writes calls and events without end; says on standard output what was acknowledged. Arguments: the data folder, and the URL of a PostgreSQL server if it is not to be PGlite.
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { openStore } from "../../store/open-store.js";
import { newCall, newEvent, queued } from "./data-dir.js";

const [dataDir = "", databaseUrl] = process.argv.slice(2);
const store = await openStore({
	...{ dataDir, databaseUrl },
	...{ clock: systemClock, log: silentLog },
});

async function writeOneCallAfterTheOther(): Promise<never> {
	for (;;) {
		const call = newCall();
		await store.calls.insert(call, queued(call));
		say(call.id, 1, "queued");
		for (let seq = 2; seq <= 6; seq++) {
			const status = seq === 6 ? "ended" : "answered";
			await store.calls.append(call.id, [newEvent(call, seq)], { status });
			say(call.id, seq, status);
		}
	}
}

/** Writing to a pipe is synchronous: what was said survives the kill. */
function say(id: string, seq: number, status: string): void {
	process.stdout.write(`${id} ${seq} ${status}\n`);
}

await Promise.all(Array.from({ length: 6 }, writeOneCallAfterTheOther));
