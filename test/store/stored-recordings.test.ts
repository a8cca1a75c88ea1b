import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecordingName } from "../../store/recording.js";
import type { Store } from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";

const now = Date.UTC(2026, 6, 1);
const name = (callId: string, attempt = 1) => ({ callId, attempt });

describe.each(databases)("$name:", ({ isThere, isShared, start }) => {
	if (!isThere) return void it.skip("no PostgreSQL is installed");
	let database: Awaited<ReturnType<typeof start>>;
	let store: Store;
	beforeAll(async () => {
		database = await start();
		store = await database.open();
	}, SLOW_MS);
	afterAll(async () => {
		await store.close();
		await database.stop();
	});

	/** A call that has ended, with recordings of these attempts. */
	async function recorded(...attempts: number[]): Promise<string> {
		const call = newCall({ publish: null, createdAt: now });
		await store.calls.insert(call, queued(call));
		for (const [n, attempt] of attempts.entries())
			await store.calls.append(call.id, [newEvent(call, n + 2)], {
				recording: { attempt, path: "", bytes: 1, duration_s: 1 },
			});
		await store.calls.append(call.id, [], { status: "ended", endedAt: now });
		return call.id;
	}
	const remove = (id: string) =>
		store.recordings.markDeleted("dev", id, undefined, now);
	/** Of these calls, what the store may have and nobody uploads. */
	async function stored(by: Store, ...ids: string[]) {
		const all: RecordingName[] = [];
		for (let after: RecordingName | null = null; ; ) {
			const some: RecordingName[] = await by.recordings.stored(after, 2);
			all.push(...some);
			after = some.at(-1) ?? null;
			if (!after) return all.filter(({ callId }) => ids.includes(callId));
		}
	}

	if (isShared)
		it("every instance signs links with the same secret, which was made by chance", async () => {
			const other = await database.open();
			const secret = await other.recordings.linkSecret();
			await other.close();
			expect(await store.recordings.linkSecret()).toBe(secret);
			expect(secret).toMatch(/^[0-9a-f]{64}$/);
			expect(new Set(secret).size).toBeGreaterThan(4);
		});

	it("what is uploaded is a recording that is finished and not deleted", async () => {
		const { recordings } = store;
		const [kept, deleted] = [await recorded(1, 3), await recorded(1)];
		await remove(deleted);
		expect(await recordings.beginUpload(name(kept, 2))).toBe(false);
		expect(await recordings.beginUpload(name(deleted))).toBe(false);
		expect(await recordings.beginUpload(name(kept, 3))).toBe(true);
		expect(await stored(store, kept, deleted)).toEqual([]);
		expect(await recordings.endUpload(name(kept, 3))).toBe(true);
		expect(await stored(store, kept, deleted)).toEqual([name(kept, 3)]);
		await recordings.forgetStored(name(kept, 3));
		expect(await stored(store, kept)).toEqual([]);
	});

	it("what is deleted while it is uploaded is for who uploads it to remove", async () => {
		const { recordings } = store;
		const id = await recorded(1);
		await recordings.beginUpload(name(id));
		await remove(id);
		// as by a DELETE at the same instance
		await recordings.forgetStored(name(id));
		expect(await recordings.endUpload(name(id))).toBe(false);
		expect(await stored(store, id)).toEqual([]);
		// or, once it gives up, for everybody
		expect(await recordings.beginUpload(name(id))).toBe(false);
		expect(await stored(store, id)).toEqual([]);
		await recordings.leaveUpload(name(id));
		expect(await stored(store, id)).toEqual([name(id)]);
	});

	it("what the store has is known after its call is deleted", async () => {
		const id = await recorded(1);
		await store.recordings.beginUpload(name(id));
		await store.recordings.endUpload(name(id));
		for (let after = null; ; ) {
			after = await store.retention.deleteCalls(now + 1, after);
			if (after === null) break;
		}
		expect(await store.calls.find("dev", id)).toBeUndefined();
		expect(await stored(store, id)).toEqual([name(id)]);
		expect(await store.recordings.states([name(id)])).toEqual(["unknown"]);
	});

	it("they come in order, each once", async () => {
		const ids = [
			await recorded(2, 1, 10),
			await recorded(1),
			await recorded(1),
		];
		for (const [n, attempt] of [2, 1, 10].entries()) {
			await store.recordings.beginUpload(name(ids[0] ?? "", attempt));
			await store.recordings.endUpload(name(ids[0] ?? "", attempt));
			const other = name(ids[n] ?? "");
			await store.recordings.beginUpload(other);
			await store.recordings.endUpload(other);
		}
		const expected = [1, 2, 10]
			.map((attempt) => name(ids[0] ?? "", attempt))
			.concat(
				ids
					.slice(1)
					.sort()
					.map((id) => name(id)),
			);
		expected.sort(
			(a, b) => (a.callId < b.callId ? -1 : 1) * +(a.callId !== b.callId),
		);
		expect(await stored(store, ...ids)).toEqual(expected);
	});

	if (isShared)
		it("what another instance uploads is left to it, until it has ended", async () => {
			const other = await database.open();
			const id = await recorded(1);
			expect(await other.recordings.beginUpload(name(id))).toBe(true);
			expect(await store.recordings.endUpload(name(id))).toBe(false);
			await store.recordings.forgetStored(name(id));
			expect(await stored(store, id)).toEqual([]);
			await other.close();
			expect(await stored(store, id)).toEqual([name(id)]);
			await store.recordings.forgetStored(name(id));
			expect(await stored(store, id)).toEqual([]);
		});
});
