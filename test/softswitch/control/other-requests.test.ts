import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { answers, event, failure } from "./applications.js";
import { closeAll, connect, newSide, type Side, sdp } from "./pair.js";
import type { Message, Sent, Srf } from "./srf.js";

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

describe("requests outside a call", () => {
	it("are answered: OPTIONS, REGISTER and MESSAGE", async () => {
		bob.options((_request, reply) => reply.send(200));
		bob.register((_request, reply) => reply.send(403));
		bob.message((request, reply) =>
			reply.send(request.body === "hi" ? 202 : 400),
		);
		for (const [method, status, body] of [
			["OPTIONS", 200, ""],
			["REGISTER", 403, ""],
			["MESSAGE", 202, "hi"],
		] as const) {
			const request = await alice.request(bobUri(), {
				method,
				...(body ? { body, headers: { "Content-Type": "text/plain" } } : {}),
			});
			expect((await event<Message>(request, "response")).status).toBe(status);
		}
	});

	it("tell what was made here from what came from the network", async () => {
		const { at, stack, control } = await newSide();
		await control.close();
		await stack.close();
		const request = await alice.request(`sip:x@${at}`, { method: "OPTIONS" });
		const response = await event<Message>(request, "response");
		expect([response.status, response.source_address]).toEqual([503, ""]);
		bob.options((_request, reply) => reply.send(200));
		const other = await alice.request(bobUri(), { method: "OPTIONS" });
		const answered = await event<Message>(other, "response");
		expect(answered.source_address).toBe("127.0.0.1");
	});

	it("must say what their body is", async () => {
		const error = await failure(
			alice.request(bobUri(), { method: "MESSAGE", body: "hi" }),
		);
		expect(error.message).toBe("missing content-type");
	});
});

describe("createB2BUA", () => {
	it("joins two calls and passes answer, headers and hang-up through", async () => {
		const middle = near;
		const answered = answers(bob);
		alice.invite((request, reply) => {
			alice
				.createB2BUA(request, reply, bobUri(), {
					localSdpB: request.body,
					proxyRequestHeaders: ["X-Up"],
				})
				.then(({ uas, uac }) => {
					uas.on("destroy", () => void uac.destroy());
					uac.on("destroy", () => void uas.destroy());
				})
				.catch(() => {});
		});
		const outer = await connect(await newSide());
		const here = await outer.createUAC(`sip:y@${middle.at}`, {
			localSdp: sdp(71),
			headers: { "X-Up": "v" },
		});
		const { call, request } = await answered;
		expect(request.get("X-Up")).toBe("v");
		expect(request.body).toBe(sdp(71));
		expect(here.remote.sdp).toBe(sdp(42));
		const gone = event<Message>(call, "destroy");
		await here.destroy();
		expect((await gone).method).toBe("BYE");
	});

	it("passes a CANCEL through", async () => {
		bob.invite((_request, reply) => reply.send(180));
		alice.invite((request, reply) => {
			alice
				.createB2BUA(request, reply, bobUri(), { localSdpB: request.body })
				.catch(() => {});
		});
		const outer = await connect(await newSide());
		let sent: Sent | undefined;
		const error = await failure(
			outer.createUAC(
				`sip:y@${near.at}`,
				{ localSdp: sdp(71) },
				{
					cbRequest: (_error, request) => {
						sent = request;
					},
					cbProvisional: () => sent?.cancel(),
				},
			),
		);
		expect(error.status).toBe(487);
	});
});
