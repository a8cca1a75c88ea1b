import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import type { CallEvent } from "../../core/event.js";
import { silentLog } from "../../core/log.js";
import { PostgresServer } from "../../store/postgres-server.js";
import type { Store } from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";

/** Keeps the first event of a new call, which happened a while ago. */
async function keepOne({ calls }: Store, cloudId = "dev"): Promise<CallEvent> {
	const call = newCall({ cloudId, createdAt: Date.now() - 20_000 });
	const event = queued(call);
	await calls.insert(call, event);
	return event;
}

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
	}, SLOW_MS);

	it("who listens hears each event of the account, and after that none", async () => {
		const heard: CallEvent[] = [];
		const stop = await store.feed.listen("dev", (event) => heard.push(event));
		const [event, other] = [
			await keepOne(store),
			await keepOne(store, "other"),
		];
		for (const one of [event, other]) store.feed.tell(one);
		stop();
		store.feed.tell(await keepOne(store));
		expect(heard).toEqual([event]);
	});

	it("lists what was kept since, by instant and seq, page by page", async () => {
		const call = newCall({ cloudId: "pages", createdAt: Date.now() });
		const at = new Date(call.createdAt).toISOString();
		const events = [
			queued(call),
			...[2, 3, 4, 5].map((n) => newEvent(call, n)),
		];
		const all = events.map((event) => ({ ...event, at }) as CallEvent); // the instant alone is another
		await store.calls.insert(call, all[0] ?? queued(call));
		await store.calls.append(call.id, all.slice(1), {});
		const first = { at: call.createdAt, seq: 0, id: call.id };
		const since = (after: typeof first, filter = {}) =>
			store.feed.since("pages", filter, { after, limit: 3 });
		expect(await since(first)).toEqual(all.slice(0, 3));
		const third = { ...first, seq: 3, id: all[2]?.id ?? "" };
		expect(await since(third)).toEqual(all.slice(3));
		expect(await since(first, { types: ["call.queued"] })).toEqual([all[0]]);
		expect(await since(first, { callId: newCall().id })).toEqual([]);
	});

	// PGlite is for one process
	if (!isShared) return;

	it(
		"an event that another instance keeps is heard, once",
		async () => {
			const other = await database.open();
			const heard: CallEvent[] = [];
			const stop = await store.feed.listen("told", (event) =>
				heard.push(event),
			);
			// the other one is asked to tell, and is told of it a moment later
			const events: CallEvent[] = [];
			await expect
				.poll(
					async () => {
						const event = await keepOne(other, "told");
						events.push(event);
						other.feed.tell(event);
						return heard.length;
					},
					{ timeout: 4_000, interval: 100 },
				)
				.toBeGreaterThan(0);
			await expect
				.poll(() => heard.length, { timeout: 8_000 })
				.toBe(events.length);
			expect(new Set(heard.map(({ id }) => id))).toEqual(
				new Set(events.map(({ id }) => id)),
			);
			expect(events).toContainEqual(heard[0]);
			stop();
			await other.close();
		},
		SLOW_MS,
	);

	it(
		"an event that nobody told of is found all the same",
		async () => {
			const other = await database.open();
			const heard: CallEvent[] = [];
			const stop = await store.feed.listen("untold", (event) =>
				heard.push(event),
			);
			const event = await keepOne(other, "untold");
			await expect.poll(() => heard, { timeout: 8_000 }).toEqual([event]);
			stop();
			await other.close();
		},
		SLOW_MS,
	);

	it(
		"what was kept before somebody listened is not heard, however late it is told or found",
		async () => {
			const other = await database.open();
			const before = await keepOne(other, "before");
			const heard: CallEvent[] = [];
			const stop = await store.feed.listen("before", (event) =>
				heard.push(event),
			);
			store.feed.tell(before);
			// which is found with it, when others are asked again
			const after = await keepOne(other, "before");
			await expect.poll(() => heard, { timeout: 8_000 }).toEqual([after]);
			stop();
			await other.close();
		},
		SLOW_MS,
	);

	it(
		"nobody listens where it is not known what was kept before",
		async () => {
			const ended = await database.open();
			await ended.close();
			const heard: CallEvent[] = [];
			const listening = ended.feed.listen("dev", (event) => heard.push(event));
			await expect(listening).rejects.toThrow();
			ended.feed.tell(await keepOne(store));
			expect(heard).toEqual([]);
		},
		SLOW_MS,
	);

	it(
		"nobody is told while nobody listens",
		async () => {
			const other = await database.open();
			const parts = { clock: systemClock, log: silentLog };
			const ears = new PostgresServer(database.databaseUrl ?? "", parts);
			const told: string[] = [];
			await ears.hold("select 1");
			await ears.listen("flowdial_events", (payload) => told.push(payload));
			await ears.listen("test_over", (payload) => told.push(payload));
			other.feed.tell(await keepOne(other));
			await new Promise((resolve) => setTimeout(resolve, 200));
			await ears.notify("test_over", "over");
			await expect.poll(() => told).toEqual(["over"]);
			await ears.end();
			await other.close();
		},
		SLOW_MS,
	);
});
