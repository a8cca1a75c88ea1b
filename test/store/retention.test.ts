import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallEvent } from "../../core/event.js";
import { EXPIRED_AT_ONCE } from "../../store/retention.js";
import type {
	CallPatch,
	DeliveryStatus,
	NewCallRecord,
	Store,
} from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";
import { callOf, newCallback } from "./new-callback.js";

const DAY_MS = 86_400_000;
const now = Date.UTC(2026, 6, 1);
const daysAgo = (days: number) => now - days * DAY_MS;

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

	/** A call that ended so many days ago, with its events. */
	async function ended(
		days: number,
		{
			call = newCall({ publish: null }),
			events: count = 2,
			patch = {},
		}: { call?: NewCallRecord; events?: number; patch?: CallPatch } = {},
	): Promise<{ id: string; events: CallEvent[] }> {
		const first = queued(call);
		await store.calls.insert(call, first);
		const rest = Array.from({ length: count - 1 }, (_, n) =>
			newEvent(call, n + 2),
		);
		const end = { status: "ended", endedAt: daysAgo(days), ...patch } as const;
		await store.calls.append(call.id, rest, end, call.publish);
		return { id: call.id, events: [first, ...rest] };
	}
	const has = async ({ id }: { id: string }) =>
		(await store.calls.find("dev", id)) !== undefined;
	/** Those that ended more than so many days ago; returns how many statements that took. */
	async function sweep(days: number, by = store): Promise<number> {
		let after = await by.retention.deleteCalls(daysAgo(days), null);
		let statements = 1;
		for (; after !== null; statements++)
			after = await by.retention.deleteCalls(daysAgo(days), after);
		return statements;
	}
	const settle = ({ id }: CallEvent, status: DeliveryStatus) =>
		store.deliveries.settle({
			...{ eventId: id, status, attempts: 1, dueAt: now },
			attempt: { at: now, httpStatus: 500, detail: null },
		});
	const deliveriesOf = (callId: string) => {
		const page = { after: null, limit: 100 };
		return store.webhooks.deliveries("dev", { callId }, page);
	};

	describe("a call that ended long enough ago", () => {
		it("goes with its events and recordings, and no younger one", async () => {
			const recording = { attempt: 1, path: "", bytes: 1, duration_s: 1 };
			const old = await ended(31, { patch: { recording } });
			const young = await ended(29);
			await sweep(30);
			expect(await has(old)).toBe(false);
			expect(await has(young)).toBe(true);
			const page = { after: 0, limit: 10 };
			expect(await store.calls.events("dev", old.id, page)).toEqual([]);
			expect(await store.recordings.find("dev", old.id, 1)).toBeUndefined();
			const names = [old, young].map(({ id }) => ({ callId: id, attempt: 1 }));
			expect(await store.recordings.states(names)).toEqual([
				"unknown",
				"unknown",
			]);
		});

		it("stays while it has not ended, however old it is", async () => {
			const live = newCall({ publish: null, createdAt: 0 });
			await store.calls.insert(live, queued(live));
			await sweep(0);
			expect(await has(live)).toBe(true);
		});

		it("stays while one of its deliveries waits, and goes with its dead letters", async () => {
			const old = await ended(31, { call: newCall() });
			const [first, second] = old.events as [CallEvent, CallEvent]; // two were made
			await sweep(30);
			await settle(first, "delivered");
			await sweep(30);
			expect(await has(old)).toBe(true);
			await settle(second, "dead");
			expect(await deliveriesOf(old.id)).toHaveLength(2);
			await store.webhooks.retry("dev", second.id);
			await sweep(30);
			expect(await has(old)).toBe(true);
			// what is retried waits until it is claimed and made
			const [endpoint = ""] = await store.deliveries.lines(10, []);
			await store.deliveries.claimLine(endpoint, 10);
			await settle(second, "dead");
			await sweep(30);
			expect(await has(old)).toBe(false);
			expect(await deliveriesOf(old.id)).toEqual([]);
		});

		it("stays while a callback that it has arranged is not over", async () => {
			const call = newCall({ publish: null });
			await store.calls.insert(call, queued(call));
			const wall = newCallback();
			const { callbacks } = store;
			const id = await callbacks.make({
				...{ ...wall, callId: call.id, stepId: "s" },
			});
			const end = { status: "ended", endedAt: daysAgo(31) } as const;
			await store.calls.append(call.id, [newEvent(call, 2)], end);
			await sweep(30);
			expect(await has(call)).toBe(true);
			await callbacks.cancel("dev", id);
			await sweep(30);
			expect(await has(call)).toBe(false);
			expect(await callbacks.find("dev", id)).toMatchObject({
				...{ status: "canceled", parentCallId: null },
			});
		});

		it("goes though many before it stay, and no statement looks at many", async () => {
			const stays = await Promise.all(
				Array.from({ length: 120 }, () => ended(61, { call: newCall() })),
			);
			const old = await ended(60);
			expect(await sweep(59)).toBeGreaterThan(2);
			expect(await has(old)).toBe(false);
			await Promise.all(
				stays.flatMap(({ events }) =>
					events.map((event) => settle(event, "delivered")),
				),
			);
			await sweep(59);
			expect(await Promise.all(stays.map(has))).not.toContain(true);
		});

		it("goes with all its events at a time, few calls in one statement", async () => {
			const calls = [
				await ended(70, { events: 100 }),
				await ended(70, { events: 600 }),
				await ended(70, { events: 100 }),
			];
			expect(await sweep(69)).toBeGreaterThan(2);
			expect(await Promise.all(calls.map(has))).toEqual([false, false, false]);
		});

		it("goes once, whichever of those who sweep at a time deletes it", async () => {
			const calls = await Promise.all(
				Array.from({ length: 150 }, (_, n) => ended(80 + n)),
			);
			const other = isShared ? await database.open() : store;
			await Promise.all([store, other, store].map((by) => sweep(79, by)));
			await sweep(79);
			expect(await Promise.all(calls.map(has))).not.toContain(true);
			if (other !== store) await other.close();
		});
	});

	it("callbacks go once they have been over long enough, and not before", async () => {
		const { callbacks, retention } = store;
		const make = (dueAt: number) => callbacks.insert(newCallback({ dueAt }));
		const calling = await make(daysAgo(2));
		const pending = await make(daysAgo(1));
		const canceled = await make(daysAgo(1));
		await callbacks.fire(1, callOf);
		await callbacks.cancel("dev", canceled.id);
		const all = [calling, pending, canceled];
		const statuses = () =>
			Promise.all(
				all.map(
					async ({ id }) => (await callbacks.find("dev", id))?.status ?? "gone",
				),
			);
		// they are changed by the store's own clock
		await retention.deleteCallbacks(Date.now() - DAY_MS);
		expect(await statuses()).toEqual(["calling", "pending", "canceled"]);
		await retention.deleteCallbacks(Date.now() + DAY_MS);
		expect(await statuses()).toEqual(["calling", "pending", "gone"]);
	});

	describe("secrets", () => {
		it("go once they do not sign any more", async () => {
			const { webhooks, deliveries, retention } = store;
			await deliveries.liveSecrets("rotates");
			await webhooks.rotateSecret("rotates", DAY_MS);
			const live = await webhooks.rotateSecret("rotates", DAY_MS);
			expect(await retention.deleteSecrets(Date.now())).toBe(1);
			expect(await retention.deleteSecrets(Date.now())).toBe(0);
			expect(await deliveries.liveSecrets("rotates")).toEqual(live);
			expect(await retention.deleteSecrets(Date.now() + 2 * DAY_MS)).toBe(1);
			const [newest] = live;
			expect(await deliveries.liveSecrets("rotates")).toEqual([newest]);
		});
	});

	describe("recordings", () => {
		const recording = (attempt: number): CallPatch => ({
			recording: { attempt, path: "", bytes: 1, duration_s: 1 },
		});

		it("are marked as deleted once, and stay so", async () => {
			const { recordings, retention } = store;
			const createdAt = daysAgo(10);
			const call = newCall({ publish: null, createdAt });
			await ended(9, { call, patch: recording(1) });
			await store.calls.append(call.id, [newEvent(call, 3)], recording(2));
			expect(await retention.markRecordings(daysAgo(11), now)).toBe(0);
			expect(await retention.markRecordings(daysAgo(9), now)).toBe(2);
			expect(await retention.markRecordings(daysAgo(9), now + 1)).toBe(0);
			expect(await recordings.find("dev", call.id, 1)).toMatchObject({
				deletedAt: now,
			});
			expect(await store.calls.find("dev", call.id)).toMatchObject({
				recording: { attempt: 2, deletedAt: now },
			});
			const attempts = await recordings.markDeleted(
				...(["dev", call.id, undefined, now + 2] as const),
			);
			expect(attempts.sort()).toEqual([1, 2]);
			expect(await recordings.find("dev", call.id, 2)).toMatchObject({
				deletedAt: now,
			});
		});

		it("are marked one by one by their account alone", async () => {
			const { recordings } = store;
			const { id } = await ended(1, { patch: recording(1) });
			const mark = (cloudId: string, attempt: number) =>
				recordings.markDeleted(cloudId, id, attempt, now);
			expect(await mark("other", 1)).toEqual([]);
			expect(await mark("dev", 2)).toEqual([]);
			const names = [1, 2].map((attempt) => ({ callId: id, attempt }));
			expect(await recordings.states(names)).toEqual(["kept", "unknown"]);
			expect(await mark("dev", 1)).toEqual([1]);
			expect(await recordings.states(names)).toEqual(["deleted", "unknown"]);
		});
	});

	it("one statement deletes no more than some rows", async () => {
		const at = daysAgo(1_000);
		const claims = Array.from({ length: EXPIRED_AT_ONCE + 1 }, (_, n) =>
			store.idempotencyKeys.claim("many", `${n}`, { bodyHash: "", now: at }),
		);
		await Promise.all(claims);
		const expire = () => store.retention.deleteKeys(at + 1);
		expect(await expire()).toBe(EXPIRED_AT_ONCE);
		expect(await expire()).toBe(1);
		expect(await expire()).toBe(0);
	});
});
