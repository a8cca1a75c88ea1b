import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endpointId } from "../../store/endpoint-id.js";
import type { NewCallRecord, Store } from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";

const LATER = Date.UTC(2027, 0);

/** What an instance can claim at all. */
const all = async ({ queue }: Store, limit: number) => [
	...(await queue.claimLeft(limit)),
	...(await queue.claimDue(LATER, limit)),
];

describe.each(databases)("$name:", ({ isThere, isShared, start }) => {
	if (!isThere) return void it.skip("no PostgreSQL is installed");
	let database: Awaited<ReturnType<typeof start>>;
	beforeAll(async () => {
		database = await start();
	}, SLOW_MS);
	afterAll(() => database.stop());

	describe("what an instance leaves when it ends", () => {
		let first: Store;
		let next: Store;
		const [young, ended, old] = [3, 2, 1].map((createdAt) =>
			newCall({ createdAt, cloudId: `cloud ${createdAt}` }),
		) as [NewCallRecord, NewCallRecord, NewCallRecord]; // three in, three out
		beforeAll(async () => {
			first = await database.open();
			const { calls } = first;
			for (const call of [young, ended, old])
				await calls.insert(call, queued(call));
			await calls.append(old.id, [newEvent(old, 2)], { status: "ringing" });
			await calls.append(ended.id, [newEvent(ended, 2)], { status: "ended" });
			expect(await all(first, 10)).toEqual([]);
			await first.close();
			next = await database.open();
		}, SLOW_MS);
		afterAll(() => next.close());

		it("is taken over once by the next: calls that have not ended, oldest first, with the last seq", async () => {
			expect(await next.queue.claimLeft(1)).toMatchObject([
				{ id: old.id, cloudId: "cloud 1", status: "ringing", lastSeq: 2 },
			]);
			expect(await all(next, 10)).toMatchObject([
				{ id: young.id, cloudId: "cloud 3", status: "queued", lastSeq: 1 },
			]);
			expect(await all(next, 10)).toEqual([]);
		});

		it("includes the deliveries that it had not made", async () => {
			const lines = await next.deliveries.lines(10, []);
			const all = await Promise.all(
				lines.map((id) => next.deliveries.claimLine(id, 10)),
			);
			expect(
				all
					.flatMap((line) => line ?? [])
					.map(({ event }) => `${event.cloud_id} ${event.seq}`)
					.sort(),
			).toEqual(["cloud 1 1", "cloud 2 1", "cloud 3 1"]);
			expect(await next.deliveries.lines(10, [])).toEqual([]);
		});
	});

	it("a call is given back while it waits, and then is anybody's", async () => {
		const store = await database.open();
		// those of the tests before
		await all(store, 10);
		const [waiting, ringing] = [newCall(), newCall()];
		for (const call of [waiting, ringing])
			await store.calls.insert(call, queued(call));
		const { calls, queue } = store;
		await calls.append(ringing.id, [newEvent(ringing, 2)], {
			status: "ringing",
		});
		expect(await queue.nextDueAt()).toBeNull();
		for (const { id } of [waiting, ringing]) await queue.giveBack(id);
		expect(await all(store, 10)).toMatchObject([{ id: waiting.id }]);
		await store.close();
	});

	it("what an instance leaves, though it goes on, is anybody's", async () => {
		const store = await database.open();
		await all(store, 100);
		await store.queue.leave(await store.queue.held());
		await all(store, 100);
		const call = newCall();
		await store.calls.insert(call, queued(call));
		const event = queued(call);
		await store.calls.append(
			call.id,
			[{ ...event, seq: 2 }],
			{ status: "ringing" },
			call.publish,
		);
		expect(await store.queue.held()).toContain(call.id);
		expect(await store.deliveries.held()).toContain(event.id);
		expect(await store.queue.claimLeft(10)).toEqual([]);
		await store.queue.leave([call.id]);
		await store.deliveries.leave([event.id]);
		expect(await store.queue.claimLeft(10)).toMatchObject([{ id: call.id }]);
		const line = await store.deliveries.claimLine(
			endpointId(call.cloudId, call.publish?.url ?? ""),
			1_000,
		);
		expect(line?.map(({ event: { id } }) => id)).toContain(event.id);
		await store.close();
	});

	it("a call that was asked to stop is due at once, though its next attempt is not", async () => {
		const store = await database.open();
		await all(store, 10);
		const call = newCall();
		const { calls, queue } = store;
		await calls.insert(call, queued(call));
		await queue.askToStop(call.id);
		const next = { status: "scheduled", dueAt: LATER + 1_000_000 } as const;
		await calls.append(call.id, [newEvent(call, 2)], next);
		expect(await queue.claimDue(Date.now() + 60_000, 10)).toMatchObject([
			{ id: call.id, stopAsked: true },
		]);
		await store.close();
	});

	// PGlite is for one process
	if (isShared)
		it("two instances never get the same work", async () => {
			const [one, two, three] = [
				await database.open(),
				await database.open(),
				await database.open(),
			];
			const calls = Array.from({ length: 60 }, () => newCall());
			for (const call of calls) await one.calls.insert(call, queued(call));
			// those of the tests before
			await all(two, 100);
			expect(await all(three, 100)).toEqual([]);
			await one.close();
			const taken = await Promise.all(
				Array.from({ length: 20 }, (_, n) =>
					(n % 2 ? two : three).queue.claimDue(LATER, 7),
				),
			);
			const ids = taken.flat().map(({ id }) => id);
			expect(ids.sort()).toEqual(calls.map(({ id }) => id).sort());
			await two.close();
			await three.close();
		});

	if (isShared)
		it("what an instance says of a call that it has given back changes nothing", async () => {
			const [one, two] = [await database.open(), await database.open()];
			const call = newCall();
			await one.calls.insert(call, queued(call));
			await one.queue.giveBack(call.id);
			await two.queue.claim(call.id);
			await two.calls.append(call.id, [newEvent(call, 2)], {
				status: "ringing",
			});
			await two.calls.keepLeg(call.id, {
				dialogId: call.id,
				transactionId: null,
			});
			await one.calls.append(call.id, [], { status: "scheduled", dueAt: 1 });
			expect(await two.calls.find("dev", call.id)).toMatchObject({
				status: "ringing",
				dueAt: call.dueAt,
			});
			await two.close();
			expect(await one.queue.claim(call.id)).toMatchObject({
				legs: [{ dialogId: call.id }],
			});
			await one.close();
		});
});
