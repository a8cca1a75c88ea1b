import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { createHttpClient } from "../../core/http.js";
import { silentLog } from "../../core/log.js";
import { endpointId } from "../../store/endpoint-id.js";
import type { NewCallRecord, Publish, Store } from "../../store/store.js";
import { Deliverer } from "../../webhooks/deliverer.js";
import { allow } from "../core/client.js";
import { type Loopback, loopback } from "../core/loopback.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
import { databases } from "../store/databases.js";
import { ManualClock } from "../support/manual-clock.js";

/** A call whose events are kept, and told to a deliverer or to nobody. */
class TestCall {
	readonly #store: Store;
	readonly #to: Publish;
	readonly record: NewCallRecord;
	#seq = 0;

	constructor(store: Store, url: string, createdAt = Date.now()) {
		this.#store = store;
		this.#to = { url, method: "POST" };
		this.record = newCall({ publish: this.#to, createdAt });
	}

	async events(count: number, deliverer?: Deliverer): Promise<void> {
		const events = Array.from({ length: count }, () =>
			++this.#seq === 1
				? queued(this.record)
				: newEvent(this.record, this.#seq),
		);
		const [first, ...others] = events;
		const { calls } = this.#store;
		if (first?.seq === 1) await calls.insert(this.record, first);
		const rest = first?.seq === 1 ? others : events;
		if (rest.length > 0) await calls.append(this.record.id, rest, {}, this.#to);
		for (const event of events) deliverer?.publish(this.#to, event);
	}
}

/** By call, in the order in which they came. */
function seqs({ requests }: Loopback): Map<string, number[]> {
	const byCall = new Map<string, number[]>();
	for (const { body } of requests) {
		const { call_id, seq } = JSON.parse(body) as {
			call_id: string;
			seq: number;
		};
		byCall.set(call_id, [...(byCall.get(call_id) ?? []), seq]);
	}
	return byCall;
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

describe.each(databases.filter(({ isThere }) => isThere))(
	"on $name, what waits for an endpoint",
	(database) => {
		let running: Awaited<ReturnType<typeof database.start>>;
		let store: Store;
		beforeAll(async () => {
			running = await database.start();
			store = await running.open();
		}, SLOW_MS);
		afterAll(async () => {
			await store.close();
			await running.stop();
		});

		const newDeliverer = (own = store, clock = systemClock) => {
			const http = createHttpClient({ allow });
			const { deliveries } = own;
			return new Deliverer({ deliveries, http, clock, log: silentLog });
		};

		it(
			"comes, in order, while new events go on coming after a consumer that stood still",
			async () => {
				let stands = true;
				const held: (() => void)[] = [];
				const consumer = await loopback((_, response) => {
					if (stands) held.push(() => response.end());
					else response.end();
				});
				const deliverer = newDeliverer();
				deliverer.start();
				const calls = upTo(60).map(() => new TestCall(store, consumer.url));
				for (const call of calls) await call.events(25, deliverer);
				stands = false;
				for (const answer of held) answer();
				// the traffic does not stop until the backlog is gone
				let rounds = 25;
				const backlogIsGone = () =>
					[...seqs(consumer).values()].filter(({ length }) => length >= 25)
						.length === calls.length;
				while (!backlogIsGone()) {
					await Promise.all(calls.map((call) => call.events(1, deliverer)));
					rounds++;
					await sleep(50);
				}
				await expect
					.poll(() => consumer.requests.length, { timeout: 20_000 })
					.toBe(calls.length * rounds);
				for (const { record } of calls)
					expect(seqs(consumer).get(record.id)).toEqual(upTo(rounds));
				await deliverer.stop();
			},
			SLOW_MS,
		);

		it(
			"comes in order after it was left alone, whatever came meanwhile",
			async () => {
				const clock = new ManualClock(Date.now());
				let isDown = true;
				const consumer = await loopback((_, response) =>
					response.writeHead(isDown ? 500 : 200).end(),
				);
				const deliverer = newDeliverer(store, clock);
				deliverer.start();
				for (let n = 0; n < 10; n++)
					await new TestCall(store, consumer.url).events(1, deliverer);
				await expect.poll(() => consumer.requests.length).toBe(10);
				await deliverer.idle();
				const call = new TestCall(store, consumer.url, Date.now() - 60_000);
				await call.events(3, deliverer);
				isDown = false;
				await clock.advance(4_000);
				await deliverer.idle();
				await call.events(3, deliverer);
				for (let s = 0; s < 40; s++) {
					await clock.advance(1_000);
					await deliverer.idle();
					if (s === 27) await call.events(3, deliverer);
				}
				await expect
					.poll(() => seqs(consumer).get(call.record.id))
					.toEqual(upTo(9));
				await deliverer.stop();
			},
			SLOW_MS,
		);

		it(
			"is not sent while the endpoint is disabled, that of later calls included",
			async () => {
				const clock = new ManualClock(Date.now());
				let gone = true;
				const consumer = await loopback((_, response) =>
					response.writeHead(gone ? 410 : 200).end(),
				);
				const deliverer = newDeliverer(store, clock);
				deliverer.start();
				await new TestCall(store, consumer.url).events(1, deliverer);
				await expect.poll(() => consumer.requests.length).toBe(1);
				await deliverer.idle();
				await clock.advance(60_000);
				await deliverer.idle();
				const call = new TestCall(store, consumer.url);
				await call.events(2, deliverer);
				const other = newDeliverer(store, clock);
				other.start();
				await other.idle();
				await call.events(1, other);
				await clock.advance(60_000);
				await Promise.all([deliverer.idle(), other.idle()]);
				expect(consumer.requests).toHaveLength(1);
				gone = false;
				const page = { after: null, limit: 100 };
				const endpoint = (await store.webhooks.endpoints("dev", page)).find(
					({ url }) => url === consumer.url,
				);
				await store.webhooks.enableEndpoint("dev", endpoint?.id ?? "");
				deliverer.resume(endpoint?.id ?? "");
				await clock.advance(0);
				await expect
					.poll(() => seqs(consumer).get(call.record.id))
					.toEqual([1, 2, 3]);
				await Promise.all([deliverer.stop(), other.stop()]);
			},
			SLOW_MS,
		);

		it(
			"and is this instance's, but it does not know of it, comes after a while",
			async () => {
				const clock = new ManualClock(Date.now());
				const consumer = await loopback((_, response) => response.end());
				const call = new TestCall(store, consumer.url, Date.now() - 70_000);
				await call.events(3);
				const deliverer = newDeliverer(store, clock);
				deliverer.start();
				for (let n = 0; n < 30 && consumer.requests.length < 3; n++) {
					await deliverer.idle();
					await clock.advance(5_000);
				}
				expect(seqs(consumer).get(call.record.id)).toEqual([1, 2, 3]);
				await deliverer.stop();
			},
			SLOW_MS,
		);

		if (database.isShared)
			it(
				"is not overtaken by what another instance has, while it waits to be sent here",
				async () => {
					const other = await running.open();
					let mode: "down" | "stands" | "well" = "down";
					const held: (() => void)[] = [];
					const consumer = await loopback((_, response) => {
						if (mode === "stands") held.push(() => response.end());
						else response.writeHead(mode === "well" ? 200 : 500).end();
					});
					const clocks = [Date.now(), Date.now()].map(
						(at) => new ManualClock(at),
					) as [ManualClock, ManualClock]; // two in, two out
					const busy = newDeliverer(store, clocks[0]);
					const paused = newDeliverer(other, clocks[1]);
					for (const deliverer of [busy, paused]) deliverer.start();
					for (let n = 0; n < 10; n++)
						await new TestCall(other, consumer.url).events(1, paused);
					await expect.poll(() => consumer.requests.length).toBe(10);
					await paused.idle();
					mode = "stands";
					for (let n = 0; n < 32; n++)
						await new TestCall(store, consumer.url).events(1, busy);
					await expect.poll(() => held.length).toBe(32);
					const call = new TestCall(other, consumer.url);
					await call.events(1, paused);
					await paused.idle();
					const before = await store.deliveries.held();
					await clocks[0].advance(5_000);
					// it was taken from the line, and waits
					await expect
						.poll(async () => (await store.deliveries.held()).length)
						.toBeGreaterThan(before.length);
					const { cloudId } = call.record;
					paused.resume(endpointId(cloudId, consumer.url));
					await clocks[1].advance(0);
					await paused.idle();
					await call.events(1, paused);
					await sleep(500);
					mode = "well";
					for (const answer of held) answer();
					const came = () => seqs(consumer).get(call.record.id) ?? [];
					for (let s = 0; s < 60 && came().length < 2; s++) {
						for (const clock of clocks) await clock.advance(1_000);
						await Promise.all([busy.idle(), paused.idle()]);
					}
					expect(came()).toEqual([1, 2]);
					for (const deliverer of [busy, paused]) await deliverer.stop();
					await other.close();
				},
				SLOW_MS,
			);

		if (database.isShared)
			it(
				"is sent by one instance at a time, in order and once",
				async () => {
					const consumer = await loopback((_, response) => response.end());
					const gone = await running.open();
					const calls = upTo(4).map(() => new TestCall(gone, consumer.url));
					for (const call of calls) await call.events(300);
					await gone.close();
					const other = await running.open();
					const both = [newDeliverer(), newDeliverer(other)];
					for (const deliverer of both) deliverer.start();
					await expect
						.poll(() => consumer.requests.length, { timeout: 30_000 })
						.toBeGreaterThanOrEqual(1_200);
					for (const deliverer of both) await deliverer.stop();
					for (const { record } of calls)
						expect(seqs(consumer).get(record.id)).toEqual(upTo(300));
					expect(await store.deliveries.lines(100, [])).toEqual([]);
					await other.close();
				},
				SLOW_MS,
			);
	},
);
