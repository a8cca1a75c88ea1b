import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Missed } from "../../core/call.js";
import { newId } from "../../core/id.js";
import type { NewCall } from "../../scheduler/dispatcher.js";
import type { PlaceCallOptions } from "../../scheduler/place-call.js";
import type { Store } from "../../store/store.js";
import { SLOW_MS } from "../store/data-dir.js";
import { databases } from "../store/databases.js";
import { ManualClock } from "../support/manual-clock.js";
import { dispatchingOn, NOW, newCall, stopAll } from "./dispatching.js";

const busy: Missed = { outcome: "busy", reason: "busy", sipStatus: 486 };
const retry = { attempts: 3, interval: 60, on: ["busy"] } as const;

/** On a machine that other tests use too. */
const SLOWLY = { timeout: 10_000 };
const rings = (types: string[]) =>
	types.filter((type) => type === "call.ringing").length;

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

	type Instance = ReturnType<typeof dispatchingOn>;
	/** An instance that looks for work. */
	async function instance(...given: Parameters<typeof dispatchingOn>) {
		const made = dispatchingOn(...given);
		await made.dispatcher.start();
		return made;
	}
	afterEach(stopAll);
	const status = async (call: NewCall) =>
		(await store.calls.find(call.cloudId, call.id))?.status;

	describe("a call that was not reached", () => {
		it("is dialled again after the interval, as often as it may be, and ends once", async () => {
			const { clock, dispatcher, dialer, told, types, until } = await instance(
				store,
				{ rings: busy },
			);
			const call = { ...newCall(), retry };
			await dispatcher.accept(call);
			for (const attempt of [1, 2]) {
				await expect.poll(() => rings(types(call)), SLOWLY).toBe(attempt);
				await clock.advance(1_000);
				await expect.poll(() => status(call), SLOWLY).toBe("scheduled");
				await clock.advance(59_999);
				// whatever was asked of the database by now has its answer
				await store.queue.nextDueAt();
				expect(dialer.requests).toHaveLength(attempt);
				await clock.advance(1);
				await expect
					.poll(() => dialer.requests, SLOWLY)
					.toHaveLength(attempt + 1);
			}
			await expect.poll(() => rings(types(call)), SLOWLY).toBe(3);
			await clock.advance(1_000);
			const end = await until(call, "call.ended");
			expect(end.data).toMatchObject({ outcome: "busy", sip_status: 486 });
			const ended = told.filter(({ type }) => type === "call.attempt_ended");
			expect(ended.map(({ data }) => data)).toMatchObject([
				{ attempt: 1, outcome: "busy", next_at: expect.any(String) },
				{ attempt: 2, outcome: "busy", next_at: expect.any(String) },
				{ attempt: 3, outcome: "busy", next_at: null },
			]);
			expect(told.filter(({ type }) => type === "call.ended")).toHaveLength(1);
			expect(told.map(({ seq }) => seq)).toEqual(told.map((_, n) => n + 1));
		});

		it("is dialled again though the end of its attempt is followed by a late 180, of which nothing is told", async () => {
			const { clock, dispatcher, dialer, told, types, until } = await instance(
				store,
				{ rings: busy },
			);
			const call = { ...newCall(), retry: { ...retry, attempts: 2 } };
			await dispatcher.accept(call);
			await until(call, "call.ringing");
			const [{ onRinging } = {}] = dialer.requests;
			const push = told.push.bind(told);
			told.push = (event) => {
				if (event.type === "call.attempt_ended") onRinging?.(180);
				return push(event);
			};
			await clock.advance(1_000);
			await expect.poll(() => status(call), SLOWLY).toBe("scheduled");
			await clock.advance(60_000);
			await expect.poll(() => rings(types(call)), SLOWLY).toBe(2);
			await clock.advance(1_000);
			await until(call, "call.ended");
			expect(told.map(({ seq }) => seq)).toEqual(told.map((_, n) => n + 1));
			expect(rings(types(call))).toBe(2);
		});

		it("is not dialled again after an outcome that is not listed", async () => {
			const { clock, dispatcher, until } = await instance(store, {
				rings: { outcome: "declined", reason: "rejected", sipStatus: 603 },
			});
			const call = { ...newCall(), retry };
			await dispatcher.accept(call);
			await until(call, "call.ringing");
			await clock.advance(1_000);
			expect((await until(call, "call.ended")).data).toMatchObject({
				outcome: "declined",
			});
		});

		it("can be stopped while it waits for the next attempt", async () => {
			const { clock, dispatcher, until, types } = await instance(store, {
				rings: busy,
			});
			const call = { ...newCall(), retry };
			await dispatcher.accept(call);
			await until(call, "call.ringing");
			await clock.advance(1_000);
			await expect.poll(() => status(call), SLOWLY).toBe("scheduled");
			await dispatcher.stop(call.id);
			expect((await until(call, "call.ended")).data).toMatchObject({
				...{ outcome: "canceled", reason: "stopped" },
			});
			expect(
				types(call).filter((type) => type === "call.dialing"),
			).toHaveLength(1);
		});
	});

	it("a call that is stopped as its next attempt is kept is not dialled again", async () => {
		const { clock, dispatcher, told, types, until } = await instance(store, {
			rings: busy,
		});
		const call = { ...newCall(), retry };
		await dispatcher.accept(call);
		await until(call, "call.ringing");
		const push = told.push.bind(told);
		let stopping = Promise.resolve();
		told.push = (event) => {
			if (event.type === "call.attempt_ended")
				stopping = dispatcher.stop(call.id);
			return push(event);
		};
		await clock.advance(1_000);
		expect((await until(call, "call.ended")).data).toMatchObject({
			...{ outcome: "canceled", reason: "stopped" },
		});
		await stopping;
		await clock.advance(60_000);
		expect(types(call).filter((type) => type === "call.dialing")).toHaveLength(
			1,
		);
	});

	it("each answered attempt is recorded to a file of its own, and all are kept", async () => {
		const pathOf = (id: string, attempt: number) => `/r/${id}-${attempt}.wav`;
		const recordings: PlaceCallOptions["recordings"] = {
			pathOf,
			find: async (id, attempt) => ({
				...{ path: pathOf(id, attempt), bytes: 44, durationMs: 2_000 },
			}),
		};
		const { clock, dispatcher, dialer, told, until } = await instance(
			store,
			{},
			{ recordings },
		);
		const lost = { attempts: 2, interval: 60, on: ["interrupted"] } as const;
		const call = { ...newCall(), record: true, retry: lost };
		await dispatcher.accept(call);
		for (const attempt of [1, 2]) {
			const rang = () => told.filter(({ type }) => type === "call.ringing");
			await expect.poll(rang, SLOWLY).toHaveLength(attempt);
			await clock.advance(1_000);
			await expect
				.poll(() => dialer.calls[attempt - 1]?.did, SLOWLY)
				.toContain(`record ${pathOf(call.id, attempt)}`);
			dialer.calls[attempt - 1]?.end({ by: "engine" });
			if (attempt > 1) break;
			await expect.poll(() => status(call), SLOWLY).toBe("scheduled");
			await clock.advance(60_000);
		}
		await until(call, "call.ended");
		const ready = told.filter(({ type }) => type === "recording.ready");
		for (const attempt of [1, 2]) {
			expect(ready[attempt - 1]?.data).toEqual({
				url: `/calls/${call.id}/recording?attempt=${attempt}`,
				...{ attempt, duration_s: 2, bytes: 44 },
			});
			expect(
				await store.recordings.find(call.cloudId, call.id, attempt),
			).toMatchObject({ path: pathOf(call.id, attempt) });
		}
		expect(await store.calls.find(call.cloudId, call.id)).toMatchObject({
			recording: { attempt: 2 },
		});
	});

	it("a talk ends with its leg, not when its recording has come", async () => {
		const clock = new ManualClock();
		const recordings: PlaceCallOptions["recordings"] = {
			pathOf: () => "/r/a.wav",
			async find() {
				await clock.advance(60_000);
				return null;
			},
		};
		const { dispatcher, dialer, until } = await instance(
			...([store, {}, { clock, recordings }] as const),
		);
		const lost = { attempts: 2, interval: 60, on: ["interrupted"] } as const;
		const call = { ...newCall(), record: true, retry: lost };
		await dispatcher.accept(call);
		await until(call, "call.ringing");
		await clock.advance(1_000);
		await expect
			.poll(() => dialer.calls[0]?.did, SLOWLY)
			.toContain("record /r/a.wav");
		const overAt = clock.now() + 1_000;
		await clock.advance(1_000);
		dialer.calls[0]?.end({ by: "engine" });
		expect((await until(call, "call.attempt_ended")).data).toMatchObject({
			talk_s: 1,
			next_at: new Date(overAt + 120_000).toISOString(),
		});
		await expect.poll(() => status(call), SLOWLY).toBe("scheduled");
		await dispatcher.stop(call.id);
		await until(call, "call.ended");
	});

	it("a call with a start_at is dialled at that instant, not before", async () => {
		const { clock, dispatcher, dialer, until } = await instance(store);
		const call = { ...newCall(), dueAt: NOW + 5_000 };
		await dispatcher.accept(call);
		expect(await status(call)).toBe("scheduled");
		await clock.advance(4_999);
		// whatever was asked of the database by now has its answer
		await store.queue.nextDueAt();
		expect(dialer.requests).toHaveLength(0);
		await clock.advance(1);
		const dialing = await until(call, "call.dialing");
		expect(Date.parse(dialing.at)).toBe(NOW + 5_000);
		expect(dialing.data).toMatchObject({ queued_s: 0 });
		await dispatcher.stop(call.id);
		await until(call, "call.ended");
	});

	it("calls beyond what one instance can do wait in the store, and run in their order", async () => {
		const { clock, dispatcher, dialer, until } = await instance(store, {
			...{ rings: busy, capacity: 1 },
		});
		const calls = Array.from({ length: 6 }, (_, n) => ({
			...newCall(),
			...{ number: `49301${n}`, dueAt: NOW + n },
		}));
		await clock.advance(10);
		for (const call of calls) await dispatcher.accept(call);
		expect(dispatcher.counts).toEqual({ running: 1, waiting: 1 });
		for (const call of calls) {
			await until(call, "call.ringing");
			await expect.poll(() => clock.pending).toBeGreaterThan(0);
			await clock.advance(1_000);
			await until(call, "call.ended");
		}
		expect(dialer.requests.map(({ callId }) => callId)).toEqual(
			calls.map(({ id }) => id),
		);
	});

	it("a call that waits in the store longer than QUEUE_TIMEOUT ends though there is no room for it", async () => {
		const { clock, dispatcher, until } = await instance(
			store,
			{ capacity: 1 },
			{ queueTimeoutMs: 500 },
		);
		const [first, second, third] = [newCall(), newCall(), newCall()];
		await dispatcher.accept(first);
		await until(first, "call.ringing");
		for (const call of [second, third]) await dispatcher.accept(call);
		// one is held ready, one is the store's
		expect(dispatcher.counts).toEqual({ running: 1, waiting: 1 });
		await clock.advance(499);
		await store.queue.nextDueAt();
		expect([await status(second), await status(third)]).toEqual([
			...["queued", "queued"],
		]);
		await clock.advance(1);
		for (const call of [second, third])
			expect((await until(call, "call.ended")).data).toMatchObject({
				reason: "queue_timeout",
			});
		expect(await status(first)).toBe("ringing");
	});

	it("a call of a callback waits as long as it takes, here as in the store", async () => {
		const { clock, dispatcher, until } = await instance(
			store,
			{ capacity: 1 },
			{ queueTimeoutMs: 100 },
		);
		const first = newCall();
		const ofCallback = () => ({ ...newCall(), callbackId: newId() });
		const [second, third] = [ofCallback(), ofCallback()];
		await dispatcher.accept(first);
		await until(first, "call.ringing");
		for (const call of [second, third]) await dispatcher.accept(call);
		for (let times = 0; times < 4; times++) {
			await clock.advance(200);
			await store.queue.nextDueAt();
		}
		expect([await status(second), await status(third)]).toEqual([
			...["queued", "queued"],
		]);
		for (const call of [first, second, third]) {
			await until(call, "call.ringing");
			await dispatcher.stop(call.id);
			await until(call, "call.ended");
		}
	});

	describe("calls of an account that has limits", () => {
		const limited = async (limits: object) => {
			const cloudId = newId();
			await store.accounts.ensure({
				...{ cloudId, cloudSid: null, name: "limited", createdAt: NOW },
				limits,
			});
			return { ...newCall(), cloudId };
		};
		/** The store is that of the next test, too. */
		async function end({ dispatcher, until }: Instance, calls: NewCall[]) {
			for (const { id } of calls) await dispatcher.stop(id);
			for (const call of calls) await until(call, "call.ended");
		}

		it("run as many at a time as it may have, while others go on", async () => {
			const call = await limited({ live_calls: 2 });
			const one = await instance(store, { capacity: 10 });
			const { clock, dispatcher, dialer, until, types } = one;
			const calls = Array.from({ length: 5 }, () => ({ ...call, id: newId() }));
			for (const call of calls) await dispatcher.accept(call);
			const other = newCall();
			await dispatcher.accept(other);
			await until(other, "call.ringing");
			const ringing = () => calls.filter((call) => types(call).length > 1);
			await expect.poll(() => ringing().length, SLOWLY).toBe(2);
			await clock.advance(100);
			await store.queue.nextDueAt();
			expect(dialer.requests).toHaveLength(3);
			const [first] = ringing();
			if (first) await dispatcher.stop(first.id);
			await expect.poll(() => dialer.requests, SLOWLY).toHaveLength(4);
			await end(one, [...calls, other]);
		});

		it("begin no faster than it may", async () => {
			const call = await limited({ calls_per_second: 2 });
			const one = await instance(store, { capacity: 10 });
			const { clock, dispatcher, dialer } = one;
			const calls = Array.from({ length: 4 }, () => ({ ...call, id: newId() }));
			for (const call of calls) await dispatcher.accept(call);
			for (const dialled of [1, 2, 3]) {
				await expect.poll(() => dialer.requests, SLOWLY).toHaveLength(dialled);
				// the one before may have been 20 ms late
				await clock.advance(479);
				await store.queue.nextDueAt();
				expect(dialer.requests).toHaveLength(dialled);
				await clock.advance(21);
			}
			await expect.poll(() => dialer.requests, SLOWLY).toHaveLength(4);
			await end(one, calls);
		});

		it("wait as soon as this instance has learnt of the limits", async () => {
			const one = await instance(store, { capacity: 10 });
			const { dispatcher, dialer, until } = one;
			const call = await limited({ live_calls: 0 });
			await dispatcher.learnLimits();
			await dispatcher.accept(call);
			const other = newCall();
			await dispatcher.accept(other);
			await until(other, "call.ringing");
			expect(dialer.requests).toHaveLength(1);
			await end(one, [call, other]);
		});

		it("have their turns one account after the other, those without limits beside them", async () => {
			const some = (call: NewCall) =>
				Array.from({ length: 12 }, () => ({ ...call, id: newId() }));
			const limits = { live_calls: 100 };
			const groups = [await limited(limits), await limited(limits), newCall()];
			const waiting = groups.map(some);
			const one = await instance(store, { capacity: 1 }, { queueLimit: 100 });
			const { dispatcher, until, types } = one;
			const first = newCall();
			await dispatcher.accept(first);
			await until(first, "call.ringing");
			for (const call of waiting.flat()) await dispatcher.accept(call);
			const has = (type: string) => (call: NewCall) =>
				(types(call) as string[]).includes(type);
			const isRinging = (call: NewCall) =>
				has("call.ringing")(call) && !has("call.ended")(call);
			const all = [first, ...waiting.flat()];
			for (let ended = 0; ended < 12; ended++) {
				await expect.poll(() => all.some(isRinging), SLOWLY).toBe(true);
				const ringing = all.find(isRinging);
				if (!ringing) throw new Error("nobody's turn");
				await dispatcher.stop(ringing.id);
				await until(ringing, "call.ended");
			}
			for (const calls of waiting)
				expect(calls.filter(has("call.ended")).length).toBeGreaterThan(1);
			await end(one, waiting.flat());
		});

		it("count for QUEUE_LIMIT by themselves, however many others could run", async () => {
			const call = await limited({ live_calls: 0 });
			const one = await instance(store, { capacity: 10 }, { queueLimit: 2 });
			const { clock, dispatcher, until } = one;
			const looked = () =>
				expect.poll(() => clock.pending, SLOWLY).toBeGreaterThan(0);
			await looked();
			const five = Array.from({ length: 5 }, () => ({ ...call, id: newId() }));
			const accepted = await Promise.allSettled(
				five.map((call) => dispatcher.accept(call)),
			);
			expect(accepted.map(({ status }) => status)).toEqual([
				...["fulfilled", "fulfilled", "rejected", "rejected", "rejected"],
			]);
			// once it has counted them in the store
			await clock.advance(3_000);
			await looked();
			const more = dispatcher.accept({ ...call, id: newId() });
			await expect(more).rejects.toMatchObject({ code: "QUEUE_FULL" });
			const others = Array.from({ length: 12 }, newCall);
			for (const other of others) await dispatcher.accept(other);
			const last = others[9] ?? call;
			await until(last, "call.ringing");
			await end(one, [...five.slice(0, 2), ...others.reverse()]);
		});

		it("count for QUEUE_LIMIT only as far as they wait", async () => {
			const call = await limited({ live_calls: 3 });
			const one = await instance(store, { capacity: 10 }, { queueLimit: 0 });
			const { dispatcher, until } = one;
			const four = Array.from({ length: 4 }, () => ({ ...call, id: newId() }));
			const accepted = await Promise.allSettled(
				four.map((call) => dispatcher.accept(call)),
			);
			expect(accepted.map(({ status }) => status)).toEqual([
				...["fulfilled", "fulfilled", "fulfilled", "rejected"],
			]);
			for (const call of four.slice(0, 3)) await until(call, "call.ringing");
			await end(one, four.slice(0, 3));
		});
	});

	describe("what an instance has left in the middle of an attempt", () => {
		async function leave(call: NewCall) {
			const before = dispatchingOn(store);
			await before.dispatcher.accept(call);
			await before.until(call, "call.ringing");
			await store.calls.keepLeg(call.id, {
				...{ dialogId: `${call.id};from-tag=1`, transactionId: "txn" },
			});
			await store.close();
			store = await database.open();
		}

		it("is hung up, and ends as interrupted, once", async () => {
			const call = newCall();
			await leave(call);
			const after = await instance(store);
			expect((await after.until(call, "call.ended")).data).toMatchObject({
				...{ outcome: "interrupted", reason: "service_restarted" },
			});
			expect(after.left).toEqual([
				{ dialogId: `${call.id};from-tag=1`, transactionId: "txn" },
			]);
			expect(after.types(call)).toEqual(["call.attempt_ended", "call.ended"]);
			const again = await instance(store);
			expect(again.left).toEqual([]);
		});

		it("is dialled again only where its policy lists interrupted", async () => {
			const listed = { ...retry, on: ["busy", "interrupted"] as const };
			const call = { ...newCall(), retry: listed };
			await leave(call);
			const after = await instance(store);
			await after.until(call, "call.attempt_ended");
			expect(await status(call)).toBe("scheduled");
			await after.clock.advance(60_000);
			await after.until(call, "call.ringing");
			expect(after.dialer.requests).toHaveLength(1);
			await after.dispatcher.stop(call.id);
			await after.until(call, "call.ended");
		});
	});

	// PGlite is for one process
	if (isShared)
		it("three instances never run more at a time than an account may have, and each takes its calls without delay", async () => {
			const others = [await database.open(), await database.open()];
			const clock = new ManualClock();
			const stores = [store, ...others];
			const all: Instance[] = [];
			for (const one of stores)
				all.push(await instance(one, { capacity: 10 }, { clock }));
			const call = { ...newCall(), cloudId: newId() };
			await store.accounts.ensure({
				...{ cloudId: call.cloudId, cloudSid: null, name: "limited" },
				...{ limits: {}, createdAt: NOW },
			});
			// the clock stands still: the others are told
			await store.accounts.change(call.cloudId, { limits: { live_calls: 1 } });
			const takes = () =>
				all.map(({ dispatcher }) => dispatcher.takes(call.cloudId));
			await expect.poll(takes, SLOWLY).toEqual([false, false, false]);
			const dialled = () =>
				all.reduce((sum, { dialer }) => sum + dialer.requests.length, 0);
			const calls = all.flatMap(({ dispatcher }) =>
				[1, 2].map(() => ({ dispatcher, id: newId() })),
			);
			for (const { dispatcher, id } of calls)
				await dispatcher.accept({ ...call, id });
			for (let dialledNow = 1; dialledNow <= calls.length; dialledNow++) {
				await expect.poll(dialled, SLOWLY).toBe(dialledNow);
				// nobody takes another one as long as it runs
				for (const { queue } of stores) await queue.nextDueAt();
				expect(dialled()).toBe(dialledNow);
				for (const { dialer, dispatcher } of all)
					for (const { callId } of dialer.requests)
						await dispatcher.stop(callId);
			}
			await stopAll();
			for (const other of others) await other.close();
		});

	if (isShared)
		it("two instances share what waits, and each call runs once", async () => {
			const other = await database.open();
			const clock = new ManualClock();
			const one = await instance(store, { capacity: 2 }, { clock });
			const two = await instance(other, { capacity: 2 }, { clock });
			const calls = Array.from({ length: 8 }, newCall);
			for (const call of calls) await one.dispatcher.accept(call);
			// as often as an instance looks by itself
			await clock.advance(3_000);
			await expect
				.poll(() => two.dispatcher.counts.running, SLOWLY)
				.toBeGreaterThan(0);
			const ids = [one, two].flatMap(({ dialer }) =>
				dialer.requests.map(({ callId }) => callId),
			);
			expect(new Set(ids).size).toBe(ids.length);
			await stopAll();
			await other.close();
		});
});
