import { Writable } from "node:stream";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { CallEvent } from "../../core/event.js";
import { createHttpClient } from "../../core/http.js";
import { Publisher, type Subscriber } from "../../webhooks/publisher.js";
import { allow } from "../core/client.js";
import { loopback } from "../core/loopback.js";
import { ManualClock } from "../support/manual-clock.js";

function publishing() {
	let logged = "";
	const stream = new Writable({
		write(chunk, _encoding, done) {
			logged += chunk;
			done();
		},
	});
	const clock = new ManualClock();
	const http = createHttpClient({ allow });
	const publisher = new Publisher(http, pino(stream), clock);
	return { clock, publisher, logged: () => logged };
}

const event = (callId: string, seq: number): CallEvent => ({
	...{ id: `${callId}-${seq}`, call_id: callId, seq, cloud_id: "dev" },
	at: "2030-01-01T00:00:00.000Z",
	type: "call.ringing",
	data: { sip_status: 180 },
});
const post = (url: string): Subscriber => ({ url, method: "POST" });

describe("the publisher", () => {
	it("sends each event as JSON with the method that was asked for", async () => {
		const consumer = await loopback((_, response) => response.end());
		const { publisher } = publishing();
		publisher.publish({ url: consumer.url, method: "PUT" }, event("a", 1));
		await publisher.idle();
		const [request] = consumer.requests;
		expect(request).toMatchObject({
			method: "PUT",
			headers: { "content-type": "application/json" },
		});
		expect(JSON.parse(request?.body ?? "")).toEqual(event("a", 1));
	});

	it("sends the events of a call one after the other, and makes no call wait for another", async () => {
		const slow: (() => void)[] = [];
		const consumer = await loopback((request, response) => {
			if (request.url === "/slow") slow.push(() => response.end());
			else response.end();
		});
		const { publisher } = publishing();
		const seen = () =>
			consumer.requests.map(({ body }) => JSON.parse(body).id as string);
		publisher.publish(post(`${consumer.url}/slow`), event("a", 1));
		publisher.publish(post(`${consumer.url}/slow`), event("a", 2));
		publisher.publish(post(consumer.url), event("b", 1));
		await expect.poll(seen).toEqual(expect.arrayContaining(["a-1", "b-1"]));
		expect(seen()).not.toContain("a-2");
		slow.shift()?.();
		await expect.poll(seen).toContain("a-2");
		slow.shift()?.();
		await publisher.idle();
		expect(seen().filter((id) => id.startsWith("a"))).toEqual(["a-1", "a-2"]);
	});

	it("goes on after a consumer that is ill or not there, and says so without its address", async () => {
		const consumer = await loopback((request, response) => {
			response.writeHead(request.url === "/ill" ? 500 : 204).end();
		});
		const { publisher, logged } = publishing();
		publisher.publish(post(`${consumer.url}/ill`), event("a", 1));
		publisher.publish(post("http://127.0.0.1:1/?key=secret"), event("a", 2));
		publisher.publish(post(consumer.url), event("a", 3));
		await publisher.idle();
		expect(consumer.requests.map(({ url }) => url)).toEqual(["/ill", "/"]);
		const lines = logged().trim().split("\n");
		expect(lines.map((line) => JSON.parse(line))).toMatchObject([
			{ callId: "a", seq: 1, status: 500 },
			{ callId: "a", seq: 2, msg: "event not delivered" },
		]);
		expect(logged()).not.toContain("secret");
	});
});

it("a consumer that never answers keeps the service from ending for a moment only", async () => {
	const consumer = await loopback(() => {});
	const { clock, publisher } = publishing();
	for (let seq = 1; seq <= 5; seq++)
		publisher.publish(post(consumer.url), event("a", seq));
	await expect.poll(() => consumer.requests.length).toBe(1);
	let isOver = false;
	const stopped = publisher.stop().then(() => {
		isOver = true;
	});
	await clock.advance(4_999);
	expect(isOver).toBe(false);
	await clock.advance(1);
	await stopped;
	expect(consumer.requests).toHaveLength(1);
});
