import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { instant, systemClock } from "../../core/clock.js";
import type { CallEvent } from "../../core/event.js";
import { newId } from "../../core/id.js";
import { silentLog } from "../../core/log.js";
import type { NewCall } from "../../scheduler/dispatcher.js";
import { Due, type DueWork } from "../../scheduler/due.js";
import { openStore } from "../../store/open-store.js";
import type { Calls, Store } from "../../store/store.js";
import { newDataDir, SLOW_MS } from "../store/data-dir.js";
import { dispatchingOn, NOW, newCall, stopAll } from "./dispatching.js";

let store: Store;
let folder: Awaited<ReturnType<typeof newDataDir>>;
const open = () =>
	openStore({
		dataDir: folder.dataDir,
		...{ clock: systemClock, log: silentLog },
	});
beforeAll(async () => {
	folder = await newDataDir();
	store = await open();
}, SLOW_MS);
afterEach(stopAll);
afterAll(async () => {
	await store.close();
	folder.remove();
});

/** The instance before ends, and another one begins. */
async function restart(): Promise<void> {
	// as after a kill: nothing more is kept of what it did
	await store.close();
	store = await open();
}

/** On the store of these tests. */
const dispatching = (
	script: Parameters<typeof dispatchingOn>[1] = {},
	limits: Parameters<typeof dispatchingOn>[2] = {},
) => dispatchingOn(store, script, limits);

/** The store, which does something of a test's before it keeps an event. */
function storeAfter(
	before: (type: CallEvent["type"] | undefined) => Promise<void>,
): Store {
	const { calls } = store;
	const changed: Calls = Object.assign(Object.create(calls), {
		insert: calls.insert.bind(calls),
		append: async (...given: Parameters<Calls["append"]>) => {
			await before(given[1][0]?.type);
			return calls.append(...given);
		},
	});
	return Object.assign(Object.create(store), { calls: changed });
}

describe("the dispatcher", () => {
	it("carries a call from its acceptance to its one end", async () => {
		const { clock, dispatcher, until, told, types } = dispatching();
		const call = newCall();
		await dispatcher.accept(call);
		await until(call, "call.ringing");
		await clock.advance(1_000);
		await until(call, "step.started");
		await expect.poll(() => types(call)).toContain("call.answered");
		await expect.poll(() => clock.pending).toBeGreaterThan(0);
		await clock.advance(1_000);
		const end = await until(call, "call.ended");
		expect(end.data).toMatchObject({
			...{ outcome: "answered", reason: "completed", step_id: "1" },
			...{ queued_s: 0, ring_s: 1, talk_s: 1 },
		});
		expect(types(call)).toEqual([
			...["call.queued", "step.started", "call.dialing", "call.ringing"],
			...["call.answered", "step.finished", "step.started"],
			...["step.finished", "call.attempt_ended", "call.ended"],
		]);
		const page = { after: 0, limit: 100 };
		expect(await store.calls.events("dev", call.id, page)).toEqual(told);
	});

	it("tells of nothing and rings nobody for a call that could not be kept", async () => {
		const first = dispatching();
		const call = newCall();
		await first.dispatcher.accept(call);
		await first.until(call, "call.ringing");
		const second = dispatching();
		await expect(second.dispatcher.accept(call)).rejects.toThrow("duplicate");
		await expect
			.poll(() => second.dispatcher.counts)
			.toEqual({ running: 0, waiting: 0 });
		expect(second.told).toEqual([]);
		expect(second.clock.pending).toBe(0); // nothing rings
		await first.dispatcher.stop(call.id);
		await first.until(call, "call.ended");
	});

	it("lets the next call have its turn when one has ended", async () => {
		const { dispatcher, dialer, until, types } = dispatching();
		const [first, second] = [newCall(), newCall()];
		await dispatcher.accept(first);
		await dispatcher.accept(second);
		await until(first, "call.ringing");
		expect(dispatcher.counts).toEqual({ running: 1, waiting: 1 });
		expect(dialer.requests).toHaveLength(1);
		await dispatcher.stop(first.id);
		await until(second, "call.ringing");
		await dispatcher.stop(second.id);
		await until(second, "call.ended");
		await expect.poll(() => dispatcher.counts.running).toBe(0);
		// asked again, it does no harm
		await dispatcher.stop(second.id);
		expect(types(second).filter((type) => type === "call.ended")).toHaveLength(
			1,
		);
	});

	it("refuses what is more than QUEUE_LIMIT before it is kept, those that arrive at once included", async () => {
		const { dispatcher, until } = dispatching({}, { queueLimit: 2 });
		const calls = Array.from({ length: 5 }, newCall);
		const accepted = await Promise.allSettled(
			calls.map((call) => dispatcher.accept(call)),
		);
		const refused = accepted.flatMap((one) =>
			one.status === "rejected" ? [one.reason] : [],
		);
		expect(refused).toEqual([
			expect.objectContaining({ code: "QUEUE_FULL", retryAfterS: 1 }),
			expect.objectContaining({ code: "QUEUE_FULL", retryAfterS: 1 }),
		]);
		expect(await store.calls.find("dev", calls[4]?.id ?? "")).toBeUndefined();
		for (const call of calls.slice(0, 3).reverse()) {
			await dispatcher.stop(call.id);
			await until(call, "call.ended");
		}
	});

	it("ends a call that waited longer than QUEUE_TIMEOUT, and never one that was dialled", async () => {
		const { clock, dispatcher, until } = dispatching(
			{},
			{ queueTimeoutMs: 500 },
		);
		const [first, second] = [newCall(), newCall()];
		await dispatcher.accept(first);
		await dispatcher.accept(second);
		await until(first, "call.ringing");
		await clock.advance(600);
		const end = await until(second, "call.ended");
		expect(end.data).toMatchObject({
			...{ outcome: "failed", reason: "queue_timeout", queued_s: 0.5 },
		});
		await dispatcher.stop(first.id);
		expect((await until(first, "call.ended")).data).toMatchObject({
			outcome: "canceled",
			reason: "stopped",
		});
	});

	it("does not time a call out whose turn has come, while that is being kept", async () => {
		let keep = () => {};
		const slowly = new Promise<void>((resolve) => {
			keep = resolve;
		});
		const slowStore = storeAfter(async (type) => {
			if (type === "call.dialing") await slowly;
		});
		const { clock, dispatcher, types, until } = dispatching(
			{},
			{ queueTimeoutMs: 500, store: slowStore },
		);
		const call = newCall();
		await dispatcher.accept(call);
		await clock.advance(600);
		keep();
		await until(call, "call.ringing");
		await dispatcher.stop(call.id);
		expect((await until(call, "call.ended")).data).toMatchObject({
			reason: "stopped",
		});
		expect(types(call)).toContain("call.dialing");
	});

	it("ends a call that breaks as failed, and goes on", async () => {
		const { dispatcher, until } = dispatching({ breaks: true });
		for (const call of [newCall(), newCall()]) {
			await dispatcher.accept(call);
			expect((await until(call, "call.ended")).data).toMatchObject({
				...{ outcome: "failed", reason: "internal_error", detail: "a bug" },
			});
		}
	});

	it("hangs up who answered though it could not be kept that the phone rang", async () => {
		const { clock, dispatcher, dialer } = dispatching(
			{},
			{
				store: storeAfter(async (type) => {
					if (type === "call.ringing") throw new Error("the disk is full");
				}),
			},
		);
		await dispatcher.accept(newCall());
		await expect.poll(() => dialer.requests.length).toBe(1);
		await clock.advance(1_000);
		await expect.poll(() => dialer.calls[0]?.did).toContain("hang up");
	});

	it("hangs up after DRAIN_TIMEOUT, accepts no more, and leaves what waits to the next start", async () => {
		const before = dispatching();
		const [live, waiting] = [newCall(), newCall()];
		await before.dispatcher.accept(live);
		await before.dispatcher.accept(waiting);
		await before.until(live, "call.ringing");
		await before.clock.advance(1_000);
		await before.until(live, "call.answered");
		const drained = before.dispatcher.drain(500);
		await expect(before.dispatcher.accept(newCall())).rejects.toMatchObject({
			code: "SHUTTING_DOWN",
		});
		// at once: another instance may take it while the live one goes on
		await expect.poll(() => store.queue.nextDueAt()).toBe(waiting.dueAt);
		await before.clock.advance(500);
		await drained;
		expect((await before.until(live, "call.ended")).data).toMatchObject({
			outcome: "answered",
			reason: "shutdown",
		});
		expect(before.types(waiting)).toEqual(["call.queued"]);

		await restart();
		const after = dispatching();
		await after.dispatcher.start();
		await after.until(waiting, "call.ringing");
		await after.dispatcher.stop(waiting.id);
		await after.until(waiting, "call.ended");
		expect(after.types(live)).toEqual([]);
	});

	it("leaves to the next start what was not dialled yet, though its turn had come", async () => {
		let resolve = () => {};
		const resolves = new Promise<void>((resolved) => {
			resolve = resolved;
		});
		const before = dispatching({ resolves });
		const call = newCall();
		await before.dispatcher.accept(call);
		await before.until(call, "step.started");
		const drained = before.dispatcher.drain(500);
		await before.clock.advance(500);
		resolve();
		await drained;
		expect(before.types(call)).toEqual(["call.queued", "step.started"]);

		const after = dispatching();
		await after.dispatcher.start();
		await after.until(call, "call.ringing");
		await after.dispatcher.stop(call.id);
		await after.until(call, "call.ended");
	});

	it("stops a call that was given back for its next attempt while it was looked for", async () => {
		const retry = { attempts: 2, interval: 3_600, on: ["busy"] as const };
		const call = { ...newCall(), retry };
		const one = dispatching({
			rings: { outcome: "busy", reason: "busy", sipStatus: 486 },
		});
		await one.dispatcher.accept(call);
		await one.until(call, "call.ringing");
		await one.clock.advance(1_000);
		await one.until(call, "call.attempt_ended");
		let isFirst = true;
		const { queue } = store;
		const late: Store["queue"] = Object.assign(Object.create(queue), {
			claim: async (id: string) => {
				if (!isFirst) return queue.claim(id);
				isFirst = false;
				return undefined;
			},
			askToStop: queue.askToStop.bind(queue),
			announce: queue.announce.bind(queue),
			onDueSoon: queue.onDueSoon.bind(queue),
			onStopAsked: queue.onStopAsked.bind(queue),
			giveBack: queue.giveBack.bind(queue),
		});
		const lateStore: Store = Object.assign(Object.create(store), {
			queue: late,
		});
		const two = dispatching({}, { store: lateStore });
		await two.dispatcher.stop(call.id);
		expect((await two.until(call, "call.ended")).data).toMatchObject({
			...{ outcome: "canceled", reason: "stopped" },
		});
	});

	it("lets calls that wait and what falls due take turns", async () => {
		const { clock, dispatcher, types } = dispatching(
			{ capacity: 6 },
			{ queueLimit: 100 },
		);
		// 12 are held here
		const calls = Array.from({ length: 18 }, newCall);
		for (const call of calls) await dispatcher.accept(call);
		const fired: NewCall[] = [];
		const work: DueWork = {
			async fire(limit, keep) {
				const made = Array.from({ length: limit }, newCall);
				fired.push(...made);
				const kept = made.map(keep);
				for (const { record, queued, owned } of kept)
					await store.calls.insert(record, queued, owned);
				const callIds = new Set(kept.map(({ record }) => record.id));
				return { due: limit, callIds };
			},
			nextDueAt: async () => 0,
			onDueSoon: () => {},
		};
		const due = new Due({
			...{ work: [work], line: dispatcher, clock, log: silentLog },
			tell: () => {},
		});
		due.start();
		const isEnded = (call: NewCall) => types(call).includes("call.ended");
		const isUp = (call: NewCall) =>
			types(call).includes("call.ringing") && !isEnded(call);
		for (let lines = 0; lines < 60 && !calls.every(isEnded); lines++) {
			const all = [...calls, ...fired];
			await expect.poll(() => all.some(isUp), { interval: 2 }).toBe(true);
			await dispatcher.stop(all.find(isUp)?.id ?? "");
			// each line that is free is had before the next one
			await pause(20);
		}
		expect(calls.every(isEnded)).toBe(true);
		expect(fired.length).toBeGreaterThan(2);
		await due.stop();
		for (const { id } of fired) await dispatcher.stop(id);
		await expect.poll(() => fired.every(isEnded)).toBe(true);
	}, 30_000);

	it("ends a call that cannot be read after a restart, for what is accepted has its end", async () => {
		const call = newCall();
		const at = instant(NOW);
		const event: CallEvent = {
			...{ id: newId(), seq: 1, call_id: call.id, cloud_id: "dev" },
			at,
			type: "call.queued",
			data: { number: call.number, caller_id: call.callerId, due_at: at },
		};
		await store.calls.insert(
			{ ...call, flow: [{ id: "a", type: "no such step" }], createdAt: 0 },
			event,
		);
		await restart();
		const after = dispatching();
		await after.dispatcher.start();
		expect((await after.until(call, "call.ended")).data).toMatchObject({
			outcome: "failed",
			reason: "internal_error",
			detail: expect.stringContaining("$.flow[0].type"),
		});
		const again = dispatching();
		await again.dispatcher.start();
		expect(again.types(call)).toEqual([]);
	});

	it("tells after a restart what was cut off", async () => {
		const before = dispatching();
		const call = { ...newCall(), record: true };
		await before.dispatcher.accept(call);
		await before.until(call, "call.ringing");
		await before.clock.advance(1_000);
		// as far as it goes while time stands still
		await expect.poll(() => before.types(call)).toHaveLength(7);

		await restart();
		const after = dispatching();
		await after.dispatcher.start();
		expect(after.types(call)).toEqual([
			"recording.failed",
			"call.attempt_ended",
			"call.ended",
		]);
		expect((await after.until(call, "call.ended")).data).toMatchObject({
			outcome: "interrupted",
			reason: "service_restarted",
		});
	});

	it("ends a call that is this instance's and that nobody here carries on", async () => {
		const { clock, dispatcher, until } = dispatching();
		await dispatcher.start();
		const call = newCall();
		const record = { ...call, flow: call.flow.source, createdAt: NOW };
		const event = (seq: number): CallEvent => ({
			...{ id: newId(), call_id: call.id, cloud_id: "dev", seq },
			...{ at: instant(NOW), type: "call.ringing" },
			data: { sip_status: 180 },
		});
		await store.calls.insert(record, event(1));
		await store.calls.append(call.id, [event(2)], { status: "ringing" });
		for (let second = 0; second < 60; second++) {
			await clock.advance(1_000);
			await store.queue.held();
		}
		expect(await store.queue.held()).toContain(call.id);
		const ended = until(call, "call.ended");
		for (let second = 0; second < 60; second++) {
			await clock.advance(1_000);
			await store.queue.held();
		}
		expect((await ended).data).toMatchObject({ outcome: "interrupted" });
	});
});
