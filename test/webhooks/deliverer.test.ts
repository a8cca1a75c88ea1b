import { Writable } from "node:stream";
import { pino } from "pino";
import { Webhook } from "standardwebhooks";
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	it,
} from "vitest";
import { createHttpClient } from "../../core/http.js";
import type { Log } from "../../core/log.js";
import type {
	Deliveries,
	NewCallRecord,
	Publish,
	Store,
} from "../../store/store.js";
import { Deliverer } from "../../webhooks/deliverer.js";
import { allow } from "../core/client.js";
import { loopback } from "../core/loopback.js";
import {
	newCall,
	newEvent,
	newStore,
	queued,
	SLOW_MS,
} from "../store/data-dir.js";
import { ManualClock } from "../support/manual-clock.js";

const clock = new ManualClock();
let store: Store;
beforeAll(async () => {
	store = await newStore(clock);
}, SLOW_MS);
afterAll(() => store.close());

let logged = "";
let log: Log;
let deliverer: Deliverer;
const newDeliverer = (deliveries: Deliveries) => {
	const http = createHttpClient({ allow });
	return new Deliverer({ deliveries, http, clock, log, random: () => 0 });
};
beforeEach(() => {
	logged = "";
	const stream = new Writable({
		write(chunk, _encoding, done) {
			logged += chunk;
			done();
		},
	});
	log = pino(stream);
	deliverer = newDeliverer(store.deliveries);
});
afterEach(async () => {
	const stopped = deliverer.stop();
	// what hangs is broken off
	await clock.advance(2_000);
	await stopped;
});

/** Keeps a call and `count` events of it, and publishes them. */
async function publish(
	publish: Publish | string,
	count = 1,
): Promise<NewCallRecord> {
	const to: Publish =
		typeof publish === "string" ? { url: publish, method: "POST" } : publish;
	const call = newCall({ publish: to, createdAt: clock.now() });
	const first = queued(call);
	await store.calls.insert(call, first);
	deliverer.publish(to, first);
	for (let seq = 2; seq <= count; seq++) {
		const event = newEvent(call, seq);
		await store.calls.append(call.id, [event], {}, to);
		deliverer.publish(to, event);
	}
	return call;
}

/** Moves time on, with all that is then done. */
async function pass(ms: number): Promise<void> {
	await deliverer.idle();
	await clock.advance(ms);
	await deliverer.idle();
	await clock.advance(0);
	await deliverer.idle();
}

/** The store's, but one of its methods is refused as long as `isDown`. */
const refusing = (method: keyof Deliveries, isDown: () => boolean) =>
	new Proxy(store.deliveries, {
		get(target, name) {
			if (name === method && isDown())
				return () => Promise.reject(new Error("the connection was lost"));
			const value: unknown = Reflect.get(target, name);
			return typeof value === "function" ? value.bind(target) : value;
		},
	});

const told = async (callId: string) =>
	store.webhooks.deliveries("dev", { callId }, { after: null, limit: 100 });
const secrets = async () =>
	(await store.deliveries.liveSecrets("dev")).map(({ secret }) => secret);

describe("a webhook", () => {
	it("is signed as Standard Webhooks has it, with every live secret, and no byte of it can be changed", async () => {
		const consumer = await loopback((_, response) => response.end());
		const before = await secrets();
		await store.webhooks.rotateSecret("dev", 86_400_000);
		const call = await publish({ url: consumer.url, method: "PUT" });
		await expect.poll(() => consumer.requests.length).toBe(1);
		const [request] = consumer.requests;
		if (!request) throw new Error("nothing came");
		const { method, headers, body } = request;
		expect(method).toBe("PUT");
		const now = await secrets();
		expect(now).toEqual([expect.any(String), ...before]);
		for (const secret of now) {
			const webhook = new Webhook(secret);
			const signed = {
				"webhook-id": String(headers["webhook-id"]),
				"webhook-timestamp": String(Math.floor(Date.now() / 1000)),
				"webhook-signature": String(headers["webhook-signature"]),
			};
			// the library checks the time of day, which this test does not keep to
			expect(() => webhook.verify(body, signed)).toThrow(
				"No matching signature",
			);
			const at = new Date(Number(headers["webhook-timestamp"]) * 1000);
			const ours = webhook.sign(signed["webhook-id"], at, body);
			expect(signed["webhook-signature"].split(" ")).toContain(ours);
			const changed = webhook.sign(signed["webhook-id"], at, `${body} `);
			expect(signed["webhook-signature"].split(" ")).not.toContain(changed);
		}
		const [event] = await store.calls.events("dev", call.id, {
			after: 0,
			limit: 1,
		});
		expect(body).toBe(JSON.stringify(event));
		expect(headers["webhook-id"]).toBe(event?.id);
	});

	it("comes in order within a call, and no call waits for another", async () => {
		const slow: (() => void)[] = [];
		const consumer = await loopback((request, response) => {
			if (request.url === "/slow") slow.push(() => response.end());
			else response.end();
		});
		const seen = () =>
			consumer.requests.map(
				({ body }) => JSON.parse(body) as { call_id: string; seq: number },
			);
		const a = await publish(`${consumer.url}/slow`, 2);
		const b = await publish(`${consumer.url}/slow`, 1);
		await expect.poll(() => slow.length).toBe(2);
		expect(seen()).toMatchObject([
			{ call_id: a.id, seq: 1 },
			{ call_id: b.id, seq: 1 },
		]);
		slow.shift()?.();
		await expect.poll(seen).toHaveLength(3);
		expect(seen()[2]).toMatchObject({ call_id: a.id, seq: 2 });
		for (const end of slow) end();
		await expect
			.poll(async () => (await told(a.id)).map(({ status }) => status))
			.toEqual(["delivered", "delivered"]);
	});

	it(
		"is sent again after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 20 h, then is dead, and can be revived",
		async () => {
			let status = 500;
			const consumer = await loopback((_, response) =>
				response.writeHead(status).end(),
			);
			deliverer.start();
			const startedAt = clock.now();
			const call = await publish(consumer.url);
			const waits = [
				5,
				300,
				1800,
				...[2, 5, 10, 14, 20, 20].map((hours) => hours * 3600),
			];
			let elapsedS = 0;
			for (const [index, waitS] of waits.entries()) {
				const attempts = index + 1;
				await expect
					.poll(() => told(call.id))
					.toMatchObject([
						{
							status: "pending",
							attempts,
							lastStatus: 500,
							lastDetail: "it answered 500",
							dueAt: startedAt + (elapsedS + waitS) * 1000,
						},
					]);
				await pass(waitS * 1000 - 1);
				expect(consumer.requests).toHaveLength(attempts);
				await pass(1);
				elapsedS += waitS;
				expect(consumer.requests).toHaveLength(attempts + 1);
			}
			await expect
				.poll(() => told(call.id))
				.toMatchObject([{ status: "dead", attempts: 10, dueAt: null }]);
			expect(
				new Set(consumer.requests.map(({ headers }) => headers["webhook-id"]))
					.size,
			).toBe(1);
			expect(new Set(consumer.requests.map(({ body }) => body)).size).toBe(1);
			expect(
				new Set(
					consumer.requests.map(({ headers }) => headers["webhook-timestamp"]),
				).size,
			).toBe(10);
			status = 204;
			const [delivery] = await told(call.id);
			const { eventId = "", endpointId = "" } = delivery ?? {};
			expect(await store.webhooks.retry("other", eventId)).toBeUndefined();
			expect(await store.webhooks.retry("dev", eventId)).toMatchObject({
				status: "pending",
				attempts: 0,
			});
			deliverer.resume(endpointId);
			await pass(0);
			await expect
				.poll(() => told(call.id))
				.toMatchObject([{ status: "delivered", attempts: 1 }]);
		},
		SLOW_MS,
	);

	it("that is refused with Retry-After is not sent again before, nor is any other to there", async () => {
		let busy = true;
		const consumer = await loopback((_, response) =>
			busy
				? response.writeHead(429, { "retry-after": "600" }).end()
				: response.end(),
		);
		deliverer.start();
		const call = await publish(consumer.url, 3);
		await expect
			.poll(async () => (await told(call.id)).map(({ attempts }) => attempts))
			.toEqual([0, 0, 1]);
		busy = false;
		await pass(599_999);
		expect(consumer.requests).toHaveLength(1);
		await pass(1);
		await expect
			.poll(async () => (await told(call.id)).map(({ status }) => status))
			.toEqual(["delivered", "delivered", "delivered"]);
	});

	it("to an endpoint that answers 410 is the last one, until it is enabled again", async () => {
		let gone = true;
		const consumer = await loopback((_, response) =>
			response.writeHead(gone ? 410 : 200).end(),
		);
		deliverer.start();
		const call = await publish(consumer.url, 2);
		const page = { after: null, limit: 100 };
		const endpoint = async () =>
			(await store.webhooks.endpoints("dev", page)).find(
				({ url }) => url === consumer.url,
			);
		await expect
			.poll(endpoint)
			.toMatchObject({ status: "disabled", detail: "it answered 410 Gone" });
		await pass(3_600_000);
		expect(consumer.requests).toHaveLength(1);
		gone = false;
		const { id = "" } = (await endpoint()) ?? {};
		expect(await store.webhooks.enableEndpoint("other", id)).toBeUndefined();
		expect(await store.webhooks.enableEndpoint("dev", id)).toMatchObject({
			status: "enabled",
			detail: null,
		});
		deliverer.resume(id);
		await pass(0);
		await expect
			.poll(async () => (await told(call.id)).map(({ status }) => status))
			.toEqual(["delivered", "delivered"]);
	});

	it("is sent in its order some seconds after the secrets could not be read", async () => {
		const consumer = await loopback((_, response) => response.end());
		let isDown = true;
		deliverer = newDeliverer(refusing("liveSecrets", () => isDown));
		deliverer.start();
		const call = await publish(consumer.url, 3);
		await deliverer.idle();
		expect(await told(call.id)).toMatchObject(
			Array(3).fill({ status: "pending", attempts: 0 }),
		);
		isDown = false;
		await pass(4_999);
		expect(consumer.requests).toHaveLength(0);
		await pass(1);
		await expect
			.poll(async () => (await told(call.id)).map(({ status }) => status))
			.toEqual(["delivered", "delivered", "delivered"]);
		expect(
			consumer.requests.map(
				({ body }) => (JSON.parse(body) as { seq: number }).seq,
			),
		).toEqual([1, 2, 3]);
		expect(logged).toContain("event not sent");
	});

	it("that is answered 410 is tried again where the store does not take that it is the last one", async () => {
		const consumer = await loopback((_, response) =>
			response.writeHead(410).end(),
		);
		let isDown = true;
		deliverer = newDeliverer(refusing("disableEndpoint", () => isDown));
		deliverer.start();
		const call = await publish(consumer.url);
		await expect
			.poll(() => told(call.id))
			.toMatchObject([{ status: "pending", attempts: 1, lastStatus: 410 }]);
		isDown = false;
		await pass(30_000);
		await expect
			.poll(() => told(call.id))
			.toMatchObject([{ attempts: 2, lastStatus: 410 }]);
		const page = { after: null, limit: 100 };
		const endpoints = await store.webhooks.endpoints("dev", page);
		expect(endpoints.find(({ url }) => url === consumer.url)).toMatchObject({
			status: "disabled",
		});
	});

	it("that leads elsewhere is not followed, and what cannot be reached is told without its address", async () => {
		const consumer = await loopback((_, response) =>
			response.writeHead(302, { location: "/other" }).end(),
		);
		const a = await publish(consumer.url);
		const b = await publish("http://127.0.0.1:1/?key=secret");
		const c = await publish("http://10.0.0.1/");
		await expect
			.poll(() => told(a.id))
			.toMatchObject([{ attempts: 1, lastDetail: "it answered 302" }]);
		await expect
			.poll(() => told(b.id))
			.toMatchObject([{ attempts: 1, lastStatus: null }]);
		await expect
			.poll(() => told(c.id))
			.toMatchObject([{ attempts: 1, lastStatus: null }]);
		expect(consumer.requests).toHaveLength(1);
		expect(logged).toContain("event not delivered");
		expect(logged).not.toContain("secret");
	});

	it(
		"comes in order however many a call has at once, more than are held here included",
		async () => {
			const consumer = await loopback((_, response) => response.end());
			const to: Publish = { url: consumer.url, method: "POST" };
			const MANY = 2_500;
			const createdAt = clock.now() - MANY * 1_000;
			const call = newCall({ publish: to, createdAt });
			const events = Array.from({ length: MANY }, (_, n) =>
				n === 0 ? queued(call) : newEvent(call, n + 1),
			);
			const [first, ...others] = events;
			if (first) await store.calls.insert(call, first);
			await store.calls.append(call.id, others, {}, to);
			for (const event of events.slice(0, 2_000)) deliverer.publish(to, event);
			await expect
				.poll(() => consumer.requests.length, { timeout: 20_000 })
				.toBeGreaterThan(600);
			// while there is room again here, and older ones are still in the store
			for (const event of events.slice(2_000)) deliverer.publish(to, event);
			await expect
				.poll(
					async () => {
						await clock.advance(1);
						return consumer.requests.length;
					},
					{ timeout: 30_000 },
				)
				.toBe(MANY);
			const seqs = consumer.requests.map(
				({ body }) => (JSON.parse(body) as { seq: number }).seq,
			);
			expect(seqs).toEqual(events.map(({ seq }) => seq));
		},
		SLOW_MS,
	);

	it("is sent with all that are here when the service ends, and no other", async () => {
		const consumer = await loopback((_, response) => response.end());
		const [call, kept] = [await publish(consumer.url, 5), newCall()];
		// in the store only
		await store.calls.insert(
			{ ...kept, publish: { url: consumer.url, method: "POST" } },
			queued(kept),
		);
		await deliverer.stop();
		expect(await told(call.id)).toMatchObject(
			Array(5).fill({ status: "delivered" }),
		);
		expect(consumer.requests).toHaveLength(5);
	});

	it("of a dead consumer delays nobody else's", async () => {
		const dead = await loopback(() => {});
		const well = await loopback((_, response) => response.end());
		deliverer.start();
		for (let n = 0; n < 40; n++) await publish(dead.url);
		const calls = await Promise.all(
			Array.from({ length: 10 }, () => publish(well.url)),
		);
		await expect.poll(() => well.requests.length).toBe(10);
		for (const call of calls)
			await expect
				.poll(() => told(call.id))
				.toMatchObject([{ status: "delivered" }]);
		expect(dead.requests).toHaveLength(32);
	});
});
