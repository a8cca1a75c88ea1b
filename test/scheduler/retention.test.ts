import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../core/clock.js";
import { newId } from "../../core/id.js";
import { silentLog } from "../../core/log.js";
import { createRecordings, type Recordings } from "../../media/recordings.js";
import { Heartbeat } from "../../scheduler/heartbeat.js";
import {
	type RetentionOptions,
	retentionSweeps,
} from "../../scheduler/retention.js";
import { EXPIRED_AT_ONCE } from "../../store/retention.js";
import type { Store } from "../../store/store.js";
import { newFolder } from "../media/folder.js";
import {
	newCall,
	newEvent,
	newStore,
	queued,
	SLOW_MS,
} from "../store/data-dir.js";
import { ManualClock } from "../support/manual-clock.js";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2030, 0, 31);
const clock: Clock = { ...systemClock, now: () => NOW };

let store: Store;
beforeAll(async () => {
	store = await newStore(clock);
}, SLOW_MS);
afterAll(() => store.close());

let dir: string;
let recordings: Recordings;
beforeEach(async () => {
	dir = await newFolder();
	recordings = await createRecordings(dir);
});

/** One beat of those sweeps. */
async function beat(kept: { callsDays?: number; recordingsDays?: number }) {
	const inMs = (days?: number) => days && days * DAY_MS;
	const options: RetentionOptions = {
		...{ store, recordings, clock, log: silentLog },
		callsKeptMs: inMs(kept.callsDays),
		recordingsKeptMs: inMs(kept.recordingsDays),
	};
	await new Heartbeat(retentionSweeps(options), silentLog).beat();
}

/** A call that ended so many days ago, with a recording that is as old. */
async function recordedCall(days: number): Promise<string> {
	const createdAt = NOW - days * DAY_MS;
	const call = newCall({ publish: null, createdAt });
	await store.calls.insert(call, queued(call));
	await store.calls.append(call.id, [newEvent(call, 2)], {
		...{ status: "ended", endedAt: createdAt },
		recording: { attempt: 1, path: "", bytes: 1, duration_s: 1 },
	});
	lay(call.id, days);
	return call.id;
}
/** A file as old as that. */
function lay(callId: string, days: number): void {
	const path = recordings.pathOf(callId, 1);
	writeFileSync(path, "wav");
	const at = new Date(NOW - days * DAY_MS);
	utimesSync(path, at, at);
}
const hasFile = (callId: string) => existsSync(recordings.pathOf(callId, 1));
const recordingOf = async (id: string) =>
	(await store.calls.find("dev", id))?.recording;

describe("what has ended", () => {
	it("is kept for good unless somebody says how long", async () => {
		const id = await recordedCall(20_000);
		const stray = newId();
		lay(stray, 20_000);
		await beat({});
		expect(await recordingOf(id)).toMatchObject({ deletedAt: null });
		expect([id, stray].map(hasFile)).toEqual([true, true]);
	});

	it("goes with its recordings once it is older than that", async () => {
		const [old, young] = [await recordedCall(31), await recordedCall(29)];
		await beat({ callsDays: 30 });
		expect(await store.calls.find("dev", old)).toBeUndefined();
		expect(await recordingOf(young)).toMatchObject({ deletedAt: null });
		expect([old, young].map(hasFile)).toEqual([false, true]);
	});

	it("stays where only its recordings go", async () => {
		const [old, young] = [await recordedCall(8), await recordedCall(6)];
		await beat({ recordingsDays: 7 });
		expect(await recordingOf(old)).toMatchObject({ deletedAt: NOW });
		expect(await recordingOf(young)).toMatchObject({ deletedAt: null });
		expect([old, young].map(hasFile)).toEqual([false, true]);
	});

	it("loses its keys after a day, whatever is said", async () => {
		const claim = (now: number) =>
			store.idempotencyKeys.claim("dev", "key", { bodyHash: `${now}`, now });
		await claim(NOW - DAY_MS - 1);
		await beat({});
		// one that is there would be another body's
		expect(await claim(NOW - 2 * DAY_MS)).toEqual({ kind: "claimed" });
	});
});

describe("the file of a recording", () => {
	it("goes after a kill between the mark and its removal, also where nothing is said", async () => {
		const id = await recordedCall(1);
		await store.recordings.markDeleted("dev", id, undefined, NOW);
		expect(hasFile(id)).toBe(true);
		await beat({});
		expect(hasFile(id)).toBe(false);
		await beat({});
	});

	it("goes after a kill between the end of its row and its removal", async () => {
		const id = await recordedCall(31);
		for (let after = null; ; ) {
			const before = NOW - 30 * DAY_MS;
			after = await store.retention.deleteCalls(before, after);
			if (after === null) break;
		}
		expect(await recordingOf(id)).toBeUndefined();
		await beat({ callsDays: 30 });
		expect(hasFile(id)).toBe(false);
	});

	it("that no row ever told of goes once it is old, and not before", async () => {
		const [old, young] = [newId(), newId()];
		lay(old, 8);
		lay(young, 6);
		await beat({ callsDays: 30, recordingsDays: 7 });
		expect([old, young].map(hasFile)).toEqual([false, true]);
	});

	it("stays while its call has not ended: its row may yet come", async () => {
		const call = newCall({ publish: null });
		await store.calls.insert(call, queued(call));
		lay(call.id, 60);
		await beat({ callsDays: 30, recordingsDays: 7 });
		expect(hasFile(call.id)).toBe(true);
		await store.calls.append(call.id, [newEvent(call, 2)], {
			status: "ended",
			endedAt: NOW,
		});
		await beat({ callsDays: 30, recordingsDays: 7 });
		expect(hasFile(call.id)).toBe(false);
	});

	it("is no other file, and one that cannot be removed keeps none from its turn", async () => {
		const other = join(dir, "notes.txt");
		writeFileSync(other, "");
		const ids = await Promise.all([1, 2, 3].map(() => recordedCall(9)));
		const [stuck = "", ...rest] = ids;
		await recordings.remove(stuck, 1);
		mkdirSync(recordings.pathOf(stuck, 1));
		await beat({ recordingsDays: 7 });
		expect(existsSync(other)).toBe(true);
		expect(rest.map(hasFile)).toEqual([false, false]);
		expect(await recordingOf(stuck)).toMatchObject({ deletedAt: NOW });
	});

	it("is found among more than one batch of them", async () => {
		const ids = Array.from({ length: 1_200 }, () => newId());
		for (const id of ids) lay(id, 9);
		const kept = await recordedCall(1);
		await beat({ recordingsDays: 7 });
		expect(ids.filter(hasFile)).toEqual([]);
		expect(hasFile(kept)).toBe(true);
	});
});

describe("the heartbeat", () => {
	it("breaks off what it sweeps when it is stopped", async () => {
		const { idempotencyKeys, retention } = store;
		const now = NOW - 2 * DAY_MS;
		const keys = Array.from({ length: 2 * EXPIRED_AT_ONCE }, (_, n) =>
			idempotencyKeys.claim("many", `${n}`, { bodyHash: "", now }),
		);
		await Promise.all(keys);
		const stoodStill = new ManualClock(NOW);
		const sweeps = retentionSweeps({
			...{ store, recordings, clock: stoodStill, log: silentLog },
			...{ callsKeptMs: undefined, recordingsKeptMs: undefined },
		});
		const heart = new Heartbeat(sweeps, silentLog);
		const first = heart.start();
		// it rests after the first batch
		await expect.poll(() => stoodStill.pending).toBe(1);
		await heart.stop();
		await first;
		expect(stoodStill.pending).toBe(0);
		expect(await retention.deleteKeys(NOW - DAY_MS)).toBe(EXPIRED_AT_ONCE);
	});

	it("has one beat at a time", async () => {
		let running = 0;
		let done = () => {};
		const heart = new Heartbeat(
			[
				{
					name: "slow",
					run: () => {
						running++;
						return new Promise<void>((resolve) => {
							done = resolve;
						});
					},
				},
			],
			silentLog,
		);
		const beats = [heart.beat(), heart.beat()];
		expect(running).toBe(1);
		done();
		await Promise.all(beats);
		const next = heart.beat();
		expect(running).toBe(2);
		done();
		await next;
	});
});
