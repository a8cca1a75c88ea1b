import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Phone, startPhone } from "../../softswitch/lab/phone.js";
import { Stream } from "../server/event-streams.js";
import { Child } from "../support/child.js";
import { TOKEN, useService } from "../support/service.js";
import { inAProcess } from "../support/service-process.js";
import { reservePort } from "../support/sipp.js";

const { launch, processes } = inAProcess();
// the same after a restart; the first of a block is what reserves it
const HTTP_PORT = String((await reservePort()) + 1);
const service = useService(() => ({ DRAIN_TIMEOUT: "3", HTTP_PORT }), launch);
const bearer = { authorization: `Bearer ${TOKEN}` };

describe("the live stream of a service", () => {
	let phone: Phone;
	beforeAll(async () => {
		phone = await startPhone({ host: "127.0.0.1", port: 0 });
	});
	afterAll(() => phone.close());

	const number = () => `sip:anybody@127.0.0.1:${phone.port}`;

	it("tells every event of a call, in order, as the webhook and the list have them", async () => {
		const stream = await Stream.open(service, "/events", bearer);
		const call = await service.call(number(), [
			{ id: "bye", type: "play", text: "Good bye." },
		]);
		const { events } = await call.ended();
		await expect.poll(() => stream.events.length).toBe(events.length);
		expect(stream.events).toEqual(events);
		stream.close();
	});

	it("tells who comes back what it missed of a call", async () => {
		const before = await Stream.open(service, "/events", bearer);
		await expect.poll(() => before.lastId).not.toBe("");
		before.close();
		const call = await service.call(number());
		const { events } = await call.ended();
		const query = `/events?call_id=${call.id}&after=${before.lastId}`;
		const after = await Stream.open(service, query, bearer);
		await expect.poll(() => after.events).toEqual(events);
		after.close();
	});

	it("ends at once at SIGTERM, while a call still may end by itself; flowdial tail goes on with the next process", async () => {
		const stream = await Stream.open(service, "/events", bearer);
		const tail = await Child.start(
			"cli/main.js",
			{ FLOWDIAL_URL: service.url, FLOWDIAL_TOKEN: TOKEN },
			/following/,
			() => {},
			["tail", "--type", "call.ended"],
		);
		const call = await service.call(number(), [
			{ id: "long", type: "play", text: "And so on. ".repeat(100) },
		]);
		await call.event("step.started", "long");
		processes[0]?.signal("SIGTERM");
		const askedAt = performance.now();
		await expect.poll(() => stream.isOver, { timeout: 10_000 }).toBe(true);
		expect(performance.now() - askedAt).toBeLessThan(2_500);
		expect(stream.blocks.at(-1)).toEqual({
			event: "stream.ended",
			data: '{"reason":"shutting_down"}',
		});
		expect(await processes[0]?.exit()).toBe(0);
		const { data } = await call.event("call.ended");
		expect(data.reason).toBe("shutdown");
		await service.launch();
		const next = await service.call(number());
		await next.ended();
		const told = (id: string) => new RegExp(`${id.slice(0, 8)} call\\.ended`);
		await expect.poll(() => tail.said).toMatch(told(next.id));
		expect(tail.said).toMatch(told(call.id));
		await tail.exit("SIGTERM");
	});
});
