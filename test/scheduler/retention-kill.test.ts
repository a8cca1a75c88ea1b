import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { createRecordings } from "../../media/recordings.js";
import { Heartbeat } from "../../scheduler/heartbeat.js";
import { retentionSweeps } from "../../scheduler/retention.js";
import { openStore } from "../../store/open-store.js";
import type { Store } from "../../store/store.js";
import {
	newCall,
	newDataDir,
	newEvent,
	queued,
	SLOW_MS,
} from "../store/data-dir.js";
import { Child } from "../support/child.js";
import { KEPT } from "./kept.js";

const ROUNDS = 4;
const DAY_MS = 86_400_000;
/** Of calls that go, of calls whose recording goes, and of those that stay. */
const AGES_DAYS = [31, 8, 1];
const CALLS_OF_AN_AGE = 200;

const now = Date.now();
const parts = { clock: systemClock, log: silentLog };

async function fill(store: Store, pathOf: (callId: string) => string) {
	const made = AGES_DAYS.flatMap((days) =>
		Array.from({ length: CALLS_OF_AN_AGE }, async () => {
			const at = now - days * DAY_MS;
			const call = newCall({ publish: null, createdAt: at });
			await store.calls.insert(call, queued(call));
			await store.calls.append(call.id, [newEvent(call, 2)], {
				...{ status: "ended", endedAt: at },
				recording: { attempt: 1, path: "", bytes: 3, duration_s: 1 },
			});
			writeFileSync(pathOf(call.id), "wav");
			utimesSync(pathOf(call.id), new Date(at), new Date(at));
			return { id: call.id, days };
		}),
	);
	return Promise.all(made);
}

it(
	"a sweeper that is killed leaves no recording without its file, and the next one no file that nobody knows of",
	async () => {
		const { dataDir, remove } = await newDataDir();
		onTestFinished(remove);
		const folder = join(dataDir, "recordings");
		const recordings = await createRecordings(folder);
		const pathOf = (id: string) => recordings.pathOf(id, 1);
		let store = await openStore({ dataDir, ...parts });
		const calls = await fill(store, pathOf);
		for (let round = 0; round < ROUNDS; round++) {
			await store.close();
			const path = "test/scheduler/kill-sweeper.js";
			const words = [dataDir];
			const sweeper = await Child.start(
				...([path, {}, /begins/, () => {}, words] as const),
			);
			await sleep(Math.random() * 300);
			await sweeper.exit("SIGKILL");
			store = await openStore({ dataDir, ...parts });
			for (const { id } of calls) {
				const call = await store.calls.find("dev", id);
				if (call?.recording?.deletedAt === null)
					expect(existsSync(pathOf(id))).toBe(true);
			}
		}
		const sweeps = retentionSweeps({ ...parts, store, recordings, ...KEPT });
		await new Heartbeat(sweeps, silentLog).beat();
		const stay = calls.filter(({ days }) => days === 1);
		expect(readdirSync(folder).sort()).toEqual(
			stay.map(({ id }) => `${id}.wav`).sort(),
		);
		for (const { id, days } of calls) {
			const call = await store.calls.find("dev", id);
			if (days === 31) expect(call).toBeUndefined();
			else if (days === 8)
				expect(call?.recording?.deletedAt).toBeGreaterThan(0);
			else expect(call?.recording?.deletedAt).toBeNull();
		}
		await store.close();
	},
	SLOW_MS,
);
