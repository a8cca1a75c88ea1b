import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../core/id.js";
import type { Store } from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";

let store: Store;

const everything = { after: 0, limit: 1_000 };

describe.each(databases)("$name:", ({ isThere, start }) => {
	if (!isThere) return void it.skip("no PostgreSQL is installed");
	let database: Awaited<ReturnType<typeof start>>;
	beforeAll(async () => {
		database = await start();
		store = await database.open();
	}, SLOW_MS);
	afterAll(async () => {
		await database.stop();
	});

	describe("calls in the store", () => {
		it("gives back a call as it was accepted, with its first event", async () => {
			const { calls } = store;
			const call = newCall();
			await calls.insert(call, queued(call), false);
			const { flow, variables, ...accepted } = call;
			expect(await calls.find("dev", call.id)).toEqual({
				...accepted,
				status: "queued",
				outcome: null,
				reason: null,
				attempt: 1,
				sipStatus: null,
				q850Cause: null,
				detail: null,
				stepId: null,
				dialedAt: null,
				answeredAt: null,
				endedAt: null,
				recording: null,
			});
			expect(await store.queue.claim(call.id)).toMatchObject({
				...{ flow, variables },
			});
			const [event, ...more] = await calls.events("dev", call.id, everything);
			expect(event).toMatchObject({
				type: "call.queued",
				seq: 1,
				call_id: call.id,
				cloud_id: "dev",
				at: "2026-01-02T03:04:06.678Z",
				metadata: { order: 7 },
				data: { number: "917507161643", caller_id: "12345678" },
			});
			expect(more).toEqual([]);
		});

		it("keeps what is null as null", async () => {
			const { calls } = store;
			const call = newCall({ metadata: null, publish: null });
			await calls.insert(call, queued(call));
			expect(await calls.find("dev", call.id)).toMatchObject({
				metadata: null,
				publish: null,
			});
			const [event] = await calls.events("dev", call.id, everything);
			expect(event).not.toHaveProperty("metadata");
		});

		it("keeps an event together with what it changes", async () => {
			const { calls } = store;
			const call = newCall();
			await calls.insert(call, queued(call));
			const recording = {
				...{ attempt: 1, path: "/r/1.wav" },
				...{ bytes: 5_000_000_000, duration_s: 1.5 },
			};
			await calls.append(call.id, [newEvent(call, 2), newEvent(call, 3)], {
				status: "answered",
				dialedAt: 1_000,
				answeredAt: 2_000,
				recording,
			});
			await calls.append(call.id, [newEvent(call, 4)], {
				status: "ended",
				outcome: "answered",
				reason: "completed",
				sipStatus: null,
				endedAt: 3_000,
			});
			expect(await calls.find("dev", call.id)).toMatchObject({
				status: "ended",
				outcome: "answered",
				reason: "completed",
				sipStatus: null,
				q850Cause: null,
				detail: null,
				stepId: null,
				dialedAt: 1_000,
				answeredAt: 2_000,
				endedAt: 3_000,
				recording,
			});
			const events = await calls.events("dev", call.id, everything);
			expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
		});

		it("keeps the recording of each attempt, once, and shows the last one", async () => {
			const { calls, recordings } = store;
			const call = newCall();
			const recording = (attempt: number) => ({
				...{ attempt, path: `/r/${attempt}.wav`, bytes: 44, duration_s: 1.5 },
			});
			const kept = (attempt: number) => ({
				...{ ...recording(attempt), deletedAt: null },
				createdAt: expect.any(Number),
			});
			// in one statement
			await Promise.all([
				calls.insert(call, queued(call)),
				...[1, 3, 1].map((attempt, n) =>
					calls.append(call.id, [newEvent(call, n + 2)], {
						recording: recording(attempt),
					}),
				),
			]);
			expect(await calls.find("dev", call.id)).toMatchObject({
				recording: kept(3),
			});
			const find = (cloudId: string, attempt: number) =>
				recordings.find(cloudId, call.id, attempt);
			expect(await find("dev", 1)).toEqual(kept(1));
			expect(await find("dev", 3)).toEqual(kept(3));
			expect(await find("dev", 2)).toBeUndefined();
			expect(await find("other", 1)).toBeUndefined();
		});

		it("keeps every change of one call when several go out in one statement", async () => {
			const { calls } = store;
			const call = newCall();
			const other = newCall();
			await Promise.all(
				[call, other].map((one) => calls.insert(one, queued(one))),
			);
			await Promise.all([
				calls.append(call.id, [newEvent(call, 2)], {}), // goes at once, the others together after it
				calls.append(call.id, [newEvent(call, 3)], {
					status: "dialing",
					dialedAt: 5_000,
				}),
				calls.append(other.id, [newEvent(other, 2)], { status: "ended" }),
				calls.append(call.id, [newEvent(call, 4)], { status: "ringing" }),
				calls.append(call.id, [newEvent(call, 5)], {}),
			]);
			expect(await calls.find("dev", call.id)).toMatchObject({
				status: "ringing",
				dialedAt: 5_000,
			});
			expect(await calls.find("dev", other.id)).toMatchObject({
				status: "ended",
				dialedAt: null,
			});
		});

		it.each([
			{ status: "ended", outcome: "no_answer", endedAt: 9_000 },
			{ status: "scheduled", attempt: 2, dueAt: 9_000 },
		] as const)(
			"takes nothing after the end of an attempt in one statement: $status",
			async (end) => {
				const { calls, queue } = store;
				const call = newCall();
				await calls.insert(call, queued(call));
				await calls.append(call.id, [newEvent(call, 2)], { status: "dialing" });
				const late = { status: "ringing", dialedAt: 1_000 } as const;
				await Promise.all([
					calls.append(call.id, [newEvent(call, 3)], end),
					calls.append(call.id, [newEvent(call, 4)], late),
				]);
				expect(await calls.find("dev", call.id)).toMatchObject({
					...{ ...end, dialedAt: null },
				});
				expect(await queue.held()).not.toContain(call.id);
			},
		);

		it.each(["ended", "scheduled"] as const)(
			"holds no call that is %s by the statement that keeps it",
			async (status) => {
				const { calls, queue } = store;
				const first = newCall();
				const call = newCall();
				await Promise.all([
					calls.insert(first, queued(first)), // goes at once, the others together after it
					calls.insert(call, queued(call)),
					calls.append(call.id, [newEvent(call, 2)], { status }),
				]);
				const held = await queue.held();
				expect(held).toContain(first.id);
				expect(held).not.toContain(call.id);
				const isWaiting = status === "scheduled";
				expect((await queue.claim(call.id)) !== undefined).toBe(isWaiting);
			},
		);

		it("keeps no leg in the statement that keeps the end of its attempt", async () => {
			const { calls, queue } = store;
			const call = newCall();
			await calls.insert(call, queued(call));
			const leg = { dialogId: newId(), transactionId: newId() };
			await calls.keepLeg(call.id, { ...leg, transactionId: null });
			await Promise.all([
				calls.append(call.id, [newEvent(call, 2)], { status: "dialing" }),
				calls.keepLeg(call.id, leg),
				calls.append(call.id, [newEvent(call, 3)], { status: "scheduled" }),
			]);
			expect(await queue.claim(call.id)).toMatchObject({ legs: [] });
		});

		it("refuses a second event with the same seq without harm to its neighbours", async () => {
			const { calls } = store;
			const [first, bad, last] = [newCall(), newCall(), newCall()];
			await Promise.all(
				[first, bad, last].map((one) => calls.insert(one, queued(one))),
			);
			const results = await Promise.allSettled([
				calls.append(first.id, [newEvent(first, 2)], {}),
				calls.append(first.id, [newEvent(first, 3)], {}),
				calls.append(bad.id, [newEvent(bad, 1)], { status: "ended" }),
				calls.append(bad.id, [newEvent(bad, 2)], { status: "ended" }),
				calls.append(last.id, [newEvent(last, 2)], { status: "ringing" }),
			]);
			expect(results.map(({ status }) => status)).toEqual([
				"fulfilled",
				"fulfilled",
				"rejected",
				"rejected", // its predecessor is missing: no gap in a call's events
				"fulfilled",
			]);
			expect(await calls.find("dev", bad.id)).toMatchObject({
				status: "queued",
			});
			expect(await calls.events("dev", bad.id, everything)).toHaveLength(1);
			expect(await calls.find("dev", last.id)).toMatchObject({
				status: "ringing",
			});
		});

		it("refuses events of a call it does not have", async () => {
			const { calls } = store;
			const call = newCall();
			await expect(
				calls.append(call.id, [newEvent(call, 1)], {}),
			).rejects.toMatchObject({ code: "23503" }); // foreign_key_violation
		});

		it("pages events without a gap or a repetition", async () => {
			const { calls } = store;
			const call = newCall();
			await calls.insert(call, queued(call));
			const rest = Array.from({ length: 22 }, (_, n) => newEvent(call, n + 2));
			await calls.append(call.id, rest, {});
			const seen: number[] = [];
			for (;;) {
				const after = seen.at(-1) ?? 0;
				const page = await calls.events("dev", call.id, { after, limit: 5 });
				if (page.length === 0) break;
				seen.push(...page.map(({ seq }) => seq));
			}
			expect(seen).toEqual(Array.from({ length: 23 }, (_, n) => n + 1));
		});

		it("shows an account nothing of another's calls", async () => {
			const { calls } = store;
			const call = newCall();
			await calls.insert(call, queued(call));
			expect(await calls.find("other", call.id)).toBeUndefined();
			expect(await calls.events("other", call.id, everything)).toEqual([]);
			expect(await calls.find("dev", newId())).toBeUndefined();
		});

		it("keeps text that PostgreSQL cannot hold with the character replaced", async () => {
			const { calls } = store;
			const odd = "a\0b\ud800c\\u0000 😀 '\"$1;--\n";
			const call = newCall({
				metadata: { [odd]: odd },
				number: odd,
				flow: [{ text: odd }],
			});
			await calls.insert(call, queued(call), false);
			const kept = "a�b�c\\u0000 😀 '\"$1;--\n";
			expect(await calls.find("dev", call.id)).toMatchObject({
				metadata: { [kept]: kept },
				number: kept,
			});
			const claimed = await store.queue.claim(call.id);
			expect(claimed?.flow).toEqual([{ text: kept }]);
		});
	});

	// the last test: the store is of no use after it
	it("finishes what was asked for before it closes, and refuses what comes after", async () => {
		const call = newCall();
		await store.calls.insert(call, queued(call));
		const appends = Array.from({ length: 20 }, (_, n) =>
			store.calls.append(call.id, [newEvent(call, n + 2)], {}),
		);
		await store.close();
		await Promise.all(appends);
		expect(store.alive).toBe(false);
		await expect(
			store.calls.append(call.id, [newEvent(call, 99)], {}),
		).rejects.toThrow();
		await expect(store.calls.find("dev", call.id)).rejects.toThrow();
	});
});
