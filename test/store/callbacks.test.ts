import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../core/id.js";
import { tzdata } from "../../core/timezone.js";
import type { CallbackRecord } from "../../store/callback.js";
import type { Store } from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";
import { callOf, newCallback } from "./new-callback.js";

const PAST = Date.UTC(2020, 0, 1);

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

	/** Every callback of an account of its own. */
	const all = { after: null, limit: 2_000 };

	describe("callbacks in the store", () => {
		it("are given back as they were made", async () => {
			const made = newCallback();
			const { id } = await store.callbacks.insert(made);
			expect(await store.callbacks.find("dev", id)).toMatchObject({
				...made,
				status: "pending",
				detail: null,
				parentCallId: null,
				stepId: null,
				firedCallId: null,
			});
			expect(await store.callbacks.find("other", id)).toBeUndefined();
		});

		it("take over where the call that arranges them sends its events, and its metadata", async () => {
			const call = newCall();
			await store.calls.insert(call, queued(call), false);
			const { publish, metadata, ...rest } = newCallback({ record: false });
			const asked = { ...rest, callId: call.id, stepId: "10" };
			const id = await store.callbacks.make(asked);
			expect(await store.callbacks.find("dev", id)).toMatchObject({
				parentCallId: call.id,
				stepId: "10",
				publish: call.publish,
				metadata: call.metadata,
				record: false,
			});
			await expect(
				store.callbacks.make({ ...asked, callId: newId() }),
			).rejects.toThrow();
		});

		it("are listed page by page without a gap where many are due at once", async () => {
			const made: string[] = [];
			for (const dueAt of [5_000, 1_000, 1_000, 1_000, 9_000]) {
				const callback = newCallback({ cloudId: "paged", dueAt });
				made.push((await store.callbacks.insert(callback)).id);
			}
			const seen: CallbackRecord[] = [];
			for (;;) {
				const last = seen.at(-1);
				const after = last ? { at: last.dueAt, id: last.id } : null;
				const page = { after, limit: 2 };
				const found = await store.callbacks.list("paged", {}, page);
				if (found.length === 0) break;
				seen.push(...found);
			}
			expect(seen.map(({ dueAt }) => dueAt)).toEqual([
				1_000, 1_000, 1_000, 5_000, 9_000,
			]);
			expect(seen.map(({ id }) => id).sort()).toEqual(made.sort());
			const between = { dueFrom: 5_000, dueBefore: 9_000 };
			expect(await store.callbacks.list("paged", between, all)).toHaveLength(1);
			const nobody = { entity: "1" };
			expect(await store.callbacks.list("paged", nobody, all)).toEqual([]);
			for (const { id } of seen) await store.callbacks.cancel("paged", id);
			const canceled = { status: "canceled", entity: "5263" } as const;
			expect(await store.callbacks.list("paged", canceled, all)).toHaveLength(
				5,
			);
		});

		it("are changed and canceled only while they are pending", async () => {
			const { id } = await store.callbacks.insert(newCallback());
			const later = { dueAt: Date.UTC(2028, 0, 1), resolution: "gap" } as const;
			expect(await store.callbacks.change("dev", id, later)).toMatchObject({
				...later,
				entity: "5263",
				retry: { attempts: 2 },
			});
			expect(await store.callbacks.cancel("other", id)).toBeUndefined();
			expect(await store.callbacks.cancel("dev", id)).toMatchObject({
				status: "canceled",
			});
			expect(await store.callbacks.cancel("dev", id)).toBeUndefined();
			expect(await store.callbacks.change("dev", id, later)).toBeUndefined();
		});

		it("become calls in the order in which they were due, and only those that are due", async () => {
			const dues = [PAST + 2_000, PAST, PAST + 1_000];
			for (const dueAt of dues)
				await store.callbacks.insert(newCallback({ cloudId: "fires", dueAt }));
			expect(await store.callbacks.nextDueAt()).toBe(PAST);
			const order: number[] = [];
			const make = (callback: CallbackRecord) => {
				order.push(callback.dueAt);
				return callOf(callback);
			};
			expect(await store.callbacks.fire(2, make)).toMatchObject({ due: 2 });
			const { due, callIds } = await store.callbacks.fire(2, make);
			expect(due).toBe(1);
			expect(order).toEqual([...dues].sort());
			const [callId = ""] = callIds;
			const call = await store.calls.find("fires", callId);
			expect(call).toMatchObject({ status: "queued", metadata: { order: 7 } });
			const first = await store.calls.events("fires", callId, {
				after: 0,
				limit: 9,
			});
			expect(first).toMatchObject([{ type: "call.queued", seq: 1 }]);
			// it is ours: nobody claims it
			expect(await store.queue.claim(callId)).toBeUndefined();
			const [, , last] = await store.callbacks.list("fires", {}, all);
			expect(last).toMatchObject({ status: "calling", firedCallId: callId });
			expect(last?.id).toBe(call?.callbackId);
		});

		it.each([
			["answered", "completed", null],
			["no_answer", "failed", "no_answer"],
		] as const)(
			"whose call ended %s are %s",
			async (outcome, status, detail) => {
				const cloudId = `ends ${outcome}`;
				const before = newCallback({ cloudId, dueAt: PAST });
				const { id } = await store.callbacks.insert(before);
				const { callIds } = await store.callbacks.fire(10, callOf);
				const [callId = ""] = callIds;
				const event = { ...newEvent(newCall({ id: callId, cloudId }), 2) };
				await store.calls.append(callId, [event], { status: "ringing" });
				expect(await store.callbacks.find(cloudId, id)).toMatchObject({
					status: "calling",
				});
				const ended = {
					status: "ended",
					outcome,
					endedAt: PAST + 9_000,
				} as const;
				await store.calls.append(callId, [], ended);
				expect(await store.callbacks.find(cloudId, id)).toMatchObject({
					...{ status, detail },
					updatedAt: PAST + 9_000,
				});
			},
		);

		it("that cannot become calls have failed, and take no other with them", async () => {
			const both = ["bad", "good"].map((entity) =>
				newCallback({ cloudId: "mixed", entity, dueAt: PAST }),
			);
			for (const one of both) await store.callbacks.insert(one);
			const { due, callIds } = await store.callbacks.fire(10, (callback) =>
				callback.entity === "bad" ? { failed: "nobody" } : callOf(callback),
			);
			expect([due, callIds.size]).toEqual([2, 1]);
			const failed = { status: "failed", entity: "bad" } as const;
			expect(await store.callbacks.list("mixed", failed, all)).toMatchObject([
				{ detail: "nobody", firedCallId: null },
			]);
		});

		it("stay pending, and no call is kept, where making one throws", async () => {
			const before = newCallback({ cloudId: "thrown", dueAt: PAST });
			const { id } = await store.callbacks.insert(before);
			const broken = () => {
				throw new Error("broken");
			};
			await expect(store.callbacks.fire(10, broken)).rejects.toThrow("broken");
			expect(await store.callbacks.find("thrown", id)).toMatchObject({
				status: "pending",
			});
			await store.callbacks.cancel("thrown", id);
		});

		it("are resolved anew once tzdata is newer, and by no older program", async () => {
			const { id } = await store.callbacks.insert(
				newCallback({ cloudId: "zones", timezone: "Europe/London" }),
			);
			const moved = { dueAt: Date.UTC(2027, 9, 11, 19), resolution: "gap" };
			const resolve = () =>
				moved as Pick<CallbackRecord, "dueAt" | "resolution">; // as written
			expect(await store.callbacks.resolveAgain("1999z", resolve)).toBe(0);
			expect(await store.callbacks.resolveAgain(tzdata, resolve)).toBe(0);
			expect(
				await store.callbacks.resolveAgain("9999a", resolve),
			).toBeGreaterThan(0);
			expect(await store.callbacks.find("zones", id)).toMatchObject(moved);
			expect(await store.callbacks.resolveAgain("9999a", resolve)).toBe(0);
		});

		it("say when one is due within seconds, and not when it is later", async () => {
			const heard: number[] = [];
			store.callbacks.onDueSoon((dueAt) => heard.push(dueAt));
			const soon = Date.now() + 1_000;
			await store.callbacks.insert(newCallback());
			const late = await store.callbacks.insert(newCallback({ dueAt: soon }));
			await store.callbacks.cancel("dev", late.id);
			expect(heard[0]).toBe(soon);
		});
	});

	// PGlite is for one process
	if (isShared)
		it("two instances fire each callback once", async () => {
			const other = await database.open();
			const MANY = 1_000;
			const made = Array.from({ length: MANY }, (_, n) =>
				newCallback({ cloudId: "many", dueAt: PAST + n }),
			);
			for (let from = 0; from < MANY; from += 100)
				await Promise.all(
					made
						.slice(from, from + 100)
						.map((one) => store.callbacks.insert(one)),
				);
			const fired: string[] = [];
			const make = (callback: CallbackRecord) => {
				fired.push(callback.id);
				return callOf(callback);
			};
			const drain = async ({ callbacks }: Store) => {
				let calls = 0;
				for (;;) {
					const { due, callIds } = await callbacks.fire(37, make);
					calls += callIds.size;
					if (due === 0) return calls;
				}
			};
			const counts = await Promise.all([store, other, store, other].map(drain));
			expect(counts.reduce((sum, count) => sum + count)).toBe(MANY);
			expect(new Set(fired).size).toBe(MANY);
			expect(fired).toHaveLength(MANY);
			const calling = { status: "calling" } as const;
			const found = await store.callbacks.list("many", calling, all);
			expect(new Set(found.map(({ firedCallId }) => firedCallId)).size).toBe(
				MANY,
			);
			await other.close();
		});

	// PGlite is for one process
	if (isShared)
		it("an instance hears what another has made", async () => {
			const other = await database.open();
			const soon = Date.now() + 2_000;
			const heard = new Promise<number>((resolve) =>
				other.callbacks.onDueSoon(resolve),
			);
			const { id } = await store.callbacks.insert(newCallback({ dueAt: soon }));
			expect(await heard).toBe(soon);
			await store.callbacks.cancel("dev", id);
			await other.close();
		});
});
