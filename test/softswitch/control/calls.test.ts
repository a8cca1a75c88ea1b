import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { answers, event, failure } from "./applications.js";
import { closeAll, connect, newSide, type Side, sdp } from "./pair.js";
import type { Call, Message, Reply, Sent, Srf } from "./srf.js";

let near: Side;
let far: Side;
let alice: Srf;
let bob: Srf;

beforeEach(async () => {
	[near, far] = [await newSide(), await newSide()];
	[alice, bob] = [await connect(near), await connect(far)];
});
afterEach(closeAll);

const bobUri = () => `sip:bob@${far.at}`;

async function connected(): Promise<{ here: Call; there: Call }> {
	const answered = answers(bob);
	const here = await alice.createUAC(bobUri(), {
		localSdp: sdp(41),
		callingNumber: "1000",
	});
	return { here, there: (await answered).call };
}

describe("a call by drachtio-srf", () => {
	it("rings, passes early media up, is answered and carries headers both ways", async () => {
		const answered = answers(bob, (_request, reply) => {
			reply.send(180);
			reply.send(183, { body: sdp(40), headers: { "X-Early": "yes" } });
		});
		const heard: [number, string | undefined][] = [];
		const here = await alice.createUAC(
			bobUri(),
			{
				localSdp: sdp(41),
				callingNumber: "1000",
				headers: { "X-Test": "grüße" },
			},
			{ cbProvisional: (one) => heard.push([one.status, one.get("X-Early")]) },
		);
		const { request, call } = await answered;
		expect(heard).toEqual([
			[180, undefined],
			[183, "yes"],
		]);
		expect(request.get("X-Test")).toBe("grüße");
		expect(request.get("From")).toMatch(
			new RegExp(`^<sip:1000@${near.at}>;tag=`),
		);
		expect(request.get("Contact")).toBe(`<sip:1000@${near.at}>`);
		expect(request.body).toBe(sdp(41));
		expect(here.remote.sdp).toBe(sdp(42));
		expect(call.remote.sdp).toBe(sdp(41));
		expect(here.id).toBe(call.id);
		expect(near.control.calls).toBe(1);
	});

	it("tells the callee of the ACK", async () => {
		const answered = answers(bob);
		const acked = answered.then(({ call }) => event<Message>(call, "ack"));
		await alice.createUAC(bobUri(), { localSdp: sdp(41) });
		expect((await acked).method).toBe("ACK");
	});

	it("goes over TCP when the address says so, change and hang-up too", async () => {
		const answered = answers(bob);
		const here = await alice.createUAC(`${bobUri()};transport=tcp`, {
			localSdp: sdp(41),
		});
		const { call, request } = await answered;
		expect(request.get("Via")).toMatch(/^SIP\/2.0\/TCP /);
		expect(request.get("Contact")).toContain(";transport=tcp");
		expect(await here.modify(sdp(51))).toBe(sdp(42));
		const gone = event<Message>(here, "destroy");
		await call.destroy();
		expect((await gone).get("Via")).toMatch(/^SIP\/2.0\/TCP /);
		expect(far.stack.counters.requestsIn).toBe(4);
	});

	it("without an offer gets one in the 200 and answers it in the ACK", async () => {
		const answered = answers(bob);
		const acked = answered.then(({ call }) => event<Message>(call, "ack"));
		const here = await alice.createUAC(bobUri(), {});
		expect(here.remote.sdp).toBe(sdp(42));
		expect((await acked).body).toContain("a=recvonly");
		expect((await acked).get("content-type")).toBe("application/sdp");
	});

	it("carries INFO both ways", async () => {
		const { here, there } = await connected();
		for (const [from, to] of [
			[here, there],
			[there, here],
		] as const) {
			to.on("info", (request: Sent, reply: Reply) =>
				reply.send(200, { headers: { "X-Got": request.body } }),
			);
			const response = await from.request({
				method: "INFO",
				headers: { "Content-Type": "text/plain" },
				body: "hällo",
			});
			expect([response.status, response.get("X-Got")]).toEqual([200, "hällo"]);
		}
	});

	it("is modified by either side", async () => {
		const { here, there } = await connected();
		for (const [from, to, port] of [
			[here, there, 51],
			[there, here, 52],
			[here, there, 53],
		] as const) {
			to.removeAllListeners("modify");
			const acked = event<Message>(to, "ack");
			to.on("modify", (request: Message, reply: Reply) =>
				reply.send(200, {
					body: request.body.replace("sendrecv", "recvonly"),
				}),
			);
			expect(await from.modify(sdp(port))).toBe(
				sdp(port).replace("sendrecv", "recvonly"),
			);
			expect((await acked).method).toBe("ACK");
		}
	});

	it("goes on when a change is refused", async () => {
		const { here, there } = await connected();
		there.on("modify", (_request: Message, reply: Reply) => reply.send(488));
		expect(await failure(here.modify(sdp(51)))).toMatchObject({ status: 488 });
		const response = await here.request({ method: "INFO" });
		expect(response.status).toBe(200);
	});

	it("refuses one change while another is on its way: 491", async () => {
		const { here, there } = await connected();
		const crossing = new Promise<Message>((resolve, reject) => {
			there.on("modify", (request: Message, reply: Reply) => {
				there
					.request({ method: "INVITE", body: sdp(60) })
					.then((response) => {
						reply.send(200, { body: request.body });
						resolve(response);
					})
					.catch(reject);
			});
		});
		await here.modify(sdp(51));
		expect((await crossing).status).toBe(491);
	});

	it("is hung up by the caller", async () => {
		const { here, there } = await connected();
		const gone = event<Message>(there, "destroy");
		await here.destroy();
		expect((await gone).method).toBe("BYE");
		expect([near.control.calls, far.control.calls]).toEqual([0, 0]);
	});

	it("is hung up by the callee", async () => {
		const { here, there } = await connected();
		const gone = event<Message>(here, "destroy");
		await there.destroy();
		expect((await gone).method).toBe("BYE");
		expect([near.control.calls, far.control.calls]).toEqual([0, 0]);
	});

	it("that has ended answers ENODIALOG", async () => {
		const { here } = await connected();
		await here.destroy();
		expect(await failure(here.request({ method: "INFO" }))).toMatchObject({
			code: "ENODIALOG",
		});
	});
});
