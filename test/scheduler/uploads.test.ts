import {
	existsSync,
	readdirSync,
	readFileSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
	afterAll,
	beforeAll,
	beforeEach,
	describe,
	expect,
	it,
	onTestFinished,
	vi,
} from "vitest";
import { systemClock } from "../../core/clock.js";
import { Fault } from "../../core/fault.js";
import { newId } from "../../core/id.js";
import { silentLog } from "../../core/log.js";
import { S3Bucket } from "../../media/bucket.js";
import { createRecordings, type Recordings } from "../../media/recordings.js";
import { Heartbeat } from "../../scheduler/heartbeat.js";
import { retentionSweeps } from "../../scheduler/retention.js";
import { Uploads, type UploadsOptions } from "../../scheduler/uploads.js";
import { openStore } from "../../store/open-store.js";
import type { NewCallRecord, Store } from "../../store/store.js";
import { newFolder } from "../media/folder.js";
import {
	newCall,
	newDataDir,
	newEvent,
	newStore,
	queued,
	SLOW_MS,
} from "../store/data-dir.js";
import { Child } from "../support/child.js";
import { ManualClock } from "../support/manual-clock.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { CREDENTIALS, hasSwift, Swift } from "../support/swift.js";
import { KEPT } from "./kept.js";

const DAY_MS = 86_400_000;
const now = Date.now();
const parts = { clock: systemClock, log: silentLog };
const wav = Buffer.alloc(200_000, "RIFF");

describe.skipIf(!hasSwift)("recordings", { timeout: SLOW_MS }, () => {
	let swift: Swift;
	let store: Store;
	beforeAll(async () => {
		for (const [name, value] of Object.entries(CREDENTIALS))
			vi.stubEnv(name, value);
		swift = await Swift.start();
		store = await newStore();
	}, SLOW_MS);
	afterAll(async () => {
		await store?.close();
		await swift?.stop();
		vi.unstubAllEnvs();
	});
	let recordings: Recordings;
	beforeEach(async () => {
		recordings = await createRecordings(await newFolder());
	});

	async function openBucket(): Promise<S3Bucket> {
		const bucket = await S3Bucket.open({
			...{ bucket: swift.bucket, prefix: "", region: undefined },
			...{ endpoint: swift.url, clock: systemClock },
		});
		onTestFinished(() => bucket.close());
		return bucket;
	}
	async function open(changes: Partial<UploadsOptions> = {}): Promise<Uploads> {
		const bucket = await openBucket();
		const uploads = new Uploads({
			...{ store, recordings, bucket, ...parts, ...changes },
		});
		onTestFinished(() => uploads.stop());
		return uploads;
	}
	/** One beat of the sweeps, as of an instance. */
	async function beat({
		by = store,
		from = recordings,
		uploads,
		...kept
	}: {
		by?: Store;
		from?: Recordings;
		uploads?: Uploads;
		callsKeptMs?: number;
		recordingsKeptMs?: number;
	}) {
		const sweeps = retentionSweeps({
			...{ ...parts, store: by, recordings: from },
			bucket: await openBucket(),
			...(uploads && { found: (name) => uploads.found(name) }),
			...{
				callsKeptMs: kept.callsKeptMs,
				recordingsKeptMs: kept.recordingsKeptMs,
			},
		});
		await new Heartbeat(sweeps, silentLog).beat();
	}

	/** A call that was answered so many days ago, and whose file was written then. */
	async function liveCall(days = 1): Promise<NewCallRecord> {
		const createdAt = now - days * DAY_MS;
		const call = newCall({ publish: null, createdAt });
		await store.calls.insert(call, queued(call));
		lay(call.id, days);
		return call;
	}
	function lay(id: string, days: number): void {
		const path = recordings.pathOf(id, 1);
		writeFileSync(path, wav);
		const at = new Date(now - days * DAY_MS);
		utimesSync(path, at, at);
	}
	const endOf = (call: NewCallRecord) => ({
		...({ status: "ended", endedAt: call.createdAt } as const),
		recording: { attempt: 1, path: "", bytes: wav.length, duration_s: 1 },
	});
	/** The same, that has ended with a recording. */
	async function recordedCall(days = 1): Promise<string> {
		const call = await liveCall(days);
		await store.calls.append(call.id, [newEvent(call, 2)], endOf(call));
		return call.id;
	}
	const isOnDisk = (id: string) => existsSync(recordings.pathOf(id, 1));
	const isStored = async (id: string) =>
		(await swift.keys()).includes(`${id}.wav`);
	/** On disk, and in the bucket. */
	const where = async (id: string) => [isOnDisk(id), await isStored(id)];
	const moved = (id: string) =>
		expect.poll(() => where(id), { timeout: 20_000 }).toEqual([false, true]);
	const name = (callId: string) => ({ callId, attempt: 1 });

	it("move to the bucket as soon as they are finished", async () => {
		const uploads = await open();
		const call = await liveCall();
		const told = (seq: number, happening: Parameters<typeof newEvent>[2]) =>
			uploads.note(newEvent(call, seq, happening));
		told(2, { type: "call.answered", data: { ring_s: 1 } });
		await beat({ uploads });
		await sleep(300);
		expect(await where(call.id)).toEqual([true, false]);
		await store.calls.append(call.id, [newEvent(call, 3)], endOf(call));
		const recording = { attempt: 1, duration_s: 1, bytes: wav.length };
		told(3, { type: "recording.ready", data: { ...recording, url: "" } });
		await moved(call.id);
		expect((await swift.get(`${call.id}.wav`)).equals(wav)).toBe(true);
		expect(uploads.state).toEqual({ waiting: 0, up: true });
		// once more does no harm: it is nobody's to upload, and there to be swept
		told(4, { type: "recording.ready", data: { ...recording, url: "" } });
		await expect.poll(() => uploads.state.waiting).toBe(0);
		const stored = await store.recordings.stored(null, 1_000);
		expect(stored).toContainEqual(name(call.id));
	});

	it("that another process has left move once nobody writes to them", async () => {
		const uploads = await open();
		const id = await recordedCall();
		const recently = new Date();
		utimesSync(recordings.pathOf(id, 1), recently, recently);
		await beat({ uploads });
		await sleep(300);
		expect(await where(id)).toEqual([true, false]);
		lay(id, 1);
		await beat({ uploads });
		await moved(id);
	});

	it("that are deleted, or that nobody knows of, are not given to it", async () => {
		const uploads = await open();
		const [deleted, stray] = [await recordedCall(), newId()];
		await store.recordings.markDeleted("dev", deleted, undefined, now);
		lay(stray, 1);
		for (const id of [deleted, stray]) await uploads.found(name(id));
		await expect.poll(() => uploads.state.waiting).toBe(0);
		expect(await where(deleted)).toEqual([true, false]);
		expect(await where(stray)).toEqual([true, false]);
	});

	it("stay on disk while the store is down, and move when it is back", async () => {
		const warn = vi.fn();
		const log = Object.assign(Object.create(silentLog), { warn });
		const uploads = await open({ log });
		const ids = [await recordedCall(), await recordedCall()];
		await swift.down();
		for (const id of ids) await uploads.found(name(id));
		await expect.poll(() => uploads.state.up).toBe(false);
		expect(ids.map(isOnDisk)).toEqual([true, true]);
		expect(uploads.state.waiting).toBe(2);
		expect(warn).toHaveBeenCalledWith(
			expect.objectContaining({ err: expect.stringContaining("ECONNREFUSED") }),
			"recording not stored yet",
		);
		await swift.up();
		for (const id of ids) await moved(id);
		await expect.poll(() => uploads.state).toEqual({ waiting: 0, up: true });
	});

	it("are tried ever less often while it is down, one at a time", async () => {
		const clock = new ManualClock();
		let tries = 0;
		const put = async () => {
			tries++;
			throw new Fault("STORE_DOWN");
		};
		const uploads = await open({
			...{ clock, bucket: { put, remove: async () => {} } },
		});
		for (let n = 0; n < 8; n++) await uploads.found(name(await recordedCall()));
		// all that were under way
		await expect.poll(() => uploads.state.up).toBe(false);
		await sleep(1_000);
		expect(tries).toBeLessThanOrEqual(4);
		for (const restMs of [
			...[500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000],
			...[60_000, 60_000],
		]) {
			const before = tries;
			await clock.advance(restMs - 1);
			expect(tries).toBe(before);
			await clock.advance(1);
			await expect.poll(() => clock.pending).toBe(1);
			expect(tries).toBe(before + 1);
		}
		expect(uploads.state).toEqual({ waiting: 8, up: false });
	});

	it("go a few at a time", async () => {
		const bucket = await openBucket();
		let [atOnce, most] = [0, 0];
		const put: S3Bucket["put"] = async (...args) => {
			most = Math.max(most, ++atOnce);
			await bucket.put(...args);
			atOnce--;
		};
		const remove: S3Bucket["remove"] = (one) => bucket.remove(one);
		const uploads = await open({ bucket: { put, remove } });
		const ids = await Promise.all(
			Array.from({ length: 12 }, () => recordedCall()),
		);
		for (const id of ids) await uploads.found(name(id));
		for (const id of ids) await moved(id);
		expect(most).toBe(4);
	});

	it("that are deleted on their way do not stay in the bucket", async () => {
		const bucket = await openBucket();
		const put: S3Bucket["put"] = async (one, ...rest) => {
			await bucket.put(one, ...rest);
			await store.recordings.markDeleted("dev", one.callId, undefined, now);
			// another instance's sweep must leave it to this one
			await beat({});
			expect(await isStored(one.callId)).toBe(true);
		};
		const remove: S3Bucket["remove"] = (one) => bucket.remove(one);
		const uploads = await open({ bucket: { put, remove } });
		const id = await recordedCall();
		await uploads.found(name(id));
		await expect.poll(() => uploads.state.waiting).toBe(0);
		expect(await where(id)).toEqual([false, false]);
	});

	it("that were written to on their way are sent again", async () => {
		const bucket = await openBucket();
		let tries = 0;
		const put: S3Bucket["put"] = async (one, file, signal) => {
			await bucket.put(one, file, signal);
			if (tries++ === 0) writeFileSync(file.path, wav.subarray(100));
		};
		const remove: S3Bucket["remove"] = (one) => bucket.remove(one);
		const uploads = await open({ bucket: { put, remove } });
		const id = await recordedCall();
		await uploads.found(name(id));
		await expect.poll(() => tries, { timeout: 5_000 }).toBe(2);
		await moved(id);
		expect(await swift.get(`${id}.wav`)).toHaveLength(wav.length - 100);
	});

	it("that wait when the service ends go before it does, as long as that works", async () => {
		const uploads = await open();
		const ids = await Promise.all(
			Array.from({ length: 8 }, () => recordedCall()),
		);
		for (const id of ids) await uploads.found(name(id));
		await uploads.stop();
		expect(ids.filter(isOnDisk)).toEqual([]);
		await uploads.found(name(await recordedCall()));
		expect(uploads.state.waiting).toBe(0);
	});

	it("keep a service whose store is down from ending for no time", async () => {
		const uploads = await open();
		const id = await recordedCall();
		await swift.down();
		await uploads.found(name(id));
		await expect.poll(() => uploads.state.up).toBe(false);
		const before = performance.now();
		await uploads.stop();
		expect(performance.now() - before).toBeLessThan(1_000);
		expect(isOnDisk(id)).toBe(true);
		await swift.up();
	});

	it("go from the bucket when they, or their calls, are older than is kept", async () => {
		const uploads = await open();
		const [young, old, older] = [
			...[await recordedCall(1), await recordedCall(8), await recordedCall(31)],
		] as [string, string, string];
		for (const id of [young, old, older]) await uploads.found(name(id));
		for (const id of [young, old, older]) await moved(id);
		await beat(KEPT);
		const stored = [young, old, older].map(isStored);
		expect(await Promise.all(stored)).toEqual([true, false, false]);
		expect(await store.calls.find("dev", older)).toBeUndefined();
		const known = await store.recordings.stored(null, 1_000);
		const ids = known.map(({ callId }) => callId);
		expect(ids).toContain(young);
		expect(ids).not.toContain(old);
		expect(ids).not.toContain(older);
	});

	it("that cannot be removed now are removed later, and keep no other", async () => {
		const uploads = await open();
		const ids = [await recordedCall(8), await recordedCall(8)].sort();
		for (const id of ids) await uploads.found(name(id));
		for (const id of ids) await moved(id);
		const bucket = await openBucket();
		const [stuck = "", other = ""] = ids;
		const remove: S3Bucket["remove"] = async (one) => {
			if (one.callId === stuck) throw new Fault("STORE_REFUSES");
			await bucket.remove(one);
		};
		const sweeps = retentionSweeps({
			...{ ...parts, store, recordings, bucket: { remove }, ...KEPT },
		});
		await new Heartbeat(sweeps, silentLog).beat();
		expect([await isStored(stuck), await isStored(other)]).toEqual([
			true,
			false,
		]);
		await swift.down();
		await beat(KEPT);
		await swift.up();
		expect(await isStored(stuck)).toBe(true);
		await beat(KEPT);
		expect(await isStored(stuck)).toBe(false);
	});

	it("survive an uploader that is killed at any moment, and leave nothing behind", async () => {
		const { dataDir, remove } = await newDataDir();
		onTestFinished(remove);
		const folder = join(dataDir, "recordings");
		recordings = await createRecordings(folder);
		const shared = store;
		store = await openStore({ dataDir, ...parts });
		const stay = await Promise.all(
			Array.from({ length: 60 }, () => recordedCall(1)),
		);
		const go = await Promise.all(
			Array.from({ length: 20 }, () => recordedCall(8)),
		);
		const all = new Set([...stay, ...go].map((id) => `${id}.wav`));
		for (let round = 0; round < 4; round++) {
			await store.close();
			const uploader = await Child.start(
				"test/scheduler/kill-uploader.js",
				CREDENTIALS,
				...([/begins/, () => {}, [dataDir, swift.url]] as const),
			);
			await sleep(Math.random() * 500);
			await uploader.exit("SIGKILL");
			store = await openStore({ dataDir, ...parts });
			const there = new Set([...readdirSync(folder), ...(await swift.keys())]);
			for (const id of stay) expect(there).toContain(`${id}.wav`);
		}
		const uploads = await open();
		await beat({ uploads, ...KEPT });
		for (const id of stay) await moved(id);
		await beat({ uploads, ...KEPT });
		expect(readdirSync(folder)).toEqual([]);
		const stored = (await swift.keys()).filter((key) => all.has(key));
		expect(stored.sort()).toEqual(stay.map((id) => `${id}.wav`).sort());
		for (const key of stored.slice(0, 5))
			expect((await swift.get(key)).equals(wav)).toBe(true);
		await uploads.stop();
		await store.close();
		store = shared;
	});

	it.skipIf(!hasPostgres)(
		"of one instance are removed by any, each when nobody uploads it",
		async () => {
			const server = await Postgres.start();
			const shared = store;
			const databaseUrl = await server.newDatabase();
			const folders = [await newDataDir(), await newDataDir()];
			const [one, other] = (await Promise.all(
				folders.map(({ dataDir }) =>
					openStore({ dataDir, databaseUrl, ...parts }),
				),
			)) as [Store, Store];
			onTestFinished(async () => {
				store = shared;
				await other.close();
				for (const { remove } of folders) remove();
				await server.stop();
			});
			store = one;
			const elsewhere = await createRecordings(await newFolder());
			const uploads = await open();
			const [done, underWay] = [await recordedCall(8), await recordedCall(8)];
			await uploads.found(name(done));
			await moved(done);
			await one.recordings.beginUpload(name(underWay));
			await swift.put(basename(recordings.pathOf(underWay, 1)), wav);
			const there = { by: other, from: elsewhere, ...KEPT };
			await Promise.all([beat(there), beat(there)]);
			expect(await where(done)).toEqual([false, false]);
			expect(await where(underWay)).toEqual([true, true]);
			// its file goes where it lies, by its instance; what it has put there by whoever comes first once that has ended
			await one.close();
			await beat(there);
			expect(await isStored(underWay)).toBe(false);
			expect(readFileSync(recordings.pathOf(underWay, 1)).equals(wav)).toBe(
				true,
			);
		},
	);
});
