import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { openStore } from "../../store/open-store.js";
import { newDataDir, SLOW_MS } from "./data-dir.js";

const ROUNDS = 3;

/** The last acknowledged seq and status of each call that a writer killed at random had time for. */
async function killedWriter(dataDir: string) {
	const program = fileURLToPath(new URL("kill-writer.js", import.meta.url));
	const child = spawn(process.execPath, [program, dataDir], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	let said = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		said += text;
	});
	await once(child.stdout, "data");
	await sleep(20 + Math.random() * 200);
	child.kill("SIGKILL");
	await once(child, "close");
	const acknowledged = new Map<string, { seq: number; status: string }>();
	for (const line of said.split("\n").slice(0, -1)) {
		const [id = "", seq, status = ""] = line.split(" ");
		acknowledged.set(id, { seq: Number(seq), status });
	}
	return acknowledged;
}

it(
	"loses nothing it has acknowledged when the process is killed",
	async () => {
		const { dataDir, remove } = await newDataDir();
		onTestFinished(remove);
		for (let round = 0; round < ROUNDS; round++) {
			const acknowledged = await killedWriter(dataDir);
			expect(acknowledged.size).toBeGreaterThan(0);
			const store = await openStore({
				...{ dataDir, clock: systemClock, log: silentLog },
			});
			for (const [id, { seq, status }] of acknowledged) {
				const events = await store.calls.events("dev", id, {
					after: 0,
					limit: 10,
				});
				const seqs = events.map((event) => event.seq);
				// One more may have been kept whose acknowledgement the kill swallowed.
				expect(seqs).toEqual(seqs.map((_, index) => index + 1));
				expect(seqs.length).toBeGreaterThanOrEqual(seq);
				const call = await store.calls.find("dev", id);
				if (seqs.length === seq) expect(call?.status).toBe(status);
			}
			await store.close();
		}
	},
	SLOW_MS,
);
