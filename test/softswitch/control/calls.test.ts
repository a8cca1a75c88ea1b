import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SipRequest } from "../../../softswitch/sip/message.js";
import { closeAll, connect, newSide, type Side, sdp } from "./pair.js";
import { newPeer } from "./peer.js";
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
const event = <T>(emitter: NodeJS.EventEmitter, name: string): Promise<T> =>
	new Promise((resolve) => emitter.once(name, resolve));

/** Bob answers; resolves with his side of the call and the INVITE. */
function bobAnswers(before?: (request: Sent, reply: Reply) => Promise<void>) {
	return new Promise<{ call: Call; request: Sent }>((resolve, reject) => {
		bob.invite((request, reply) => {
			void (async () => {
				await before?.(request, reply);
				const call = await bob.createUAS(request, reply, { localSdp: sdp(42) });
				resolve({ call, request });
			})().catch(reject);
		});
	});
}

async function connected(): Promise<{ here: Call; there: Call }> {
	const answered = bobAnswers();
	const here = await alice.createUAC(bobUri(), {
		localSdp: sdp(41),
		callingNumber: "1000",
	});
	return { here, there: (await answered).call };
}

const failure = (attempt: Promise<unknown>) =>
	attempt.then(
		() => {
			throw new Error("it did not fail");
		},
		(error: { status?: number; message: string; code?: string }) => error,
	);

describe("a call by drachtio-srf", () => {
	it("rings, passes early media up, is answered and carries headers both ways", async () => {
		const answered = bobAnswers(async (_request, reply) => {
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
		const answered = bobAnswers();
		const acked = answered.then(({ call }) => event<Message>(call, "ack"));
		await alice.createUAC(bobUri(), { localSdp: sdp(41) });
		expect((await acked).method).toBe("ACK");
	});

	it("goes over TCP when the address says so, change and hang-up too", async () => {
		const answered = bobAnswers();
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
		const answered = bobAnswers();
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

describe("a challenge", () => {
	it.each([
		[401, "WWW-Authenticate", "authorization"],
		[407, "Proxy-Authenticate", "proxy-authorization"],
	])(
		"of %i is answered, in the same dialog, with a higher CSeq",
		async (status, challenge, credentials) => {
			const seen: Message[] = [];
			bob.invite((request, reply) => {
				seen.push(request);
				if (request.has(credentials))
					void bob.createUAS(request, reply, { localSdp: sdp(42) });
				else
					reply.send(status, {
						headers: {
							[challenge]:
								'Digest realm="x", nonce="abc", qop="auth", algorithm=MD5',
						},
					});
			});
			const here = await alice.createUAC(bobUri(), {
				localSdp: sdp(41),
				auth: { username: "u", password: "p" },
			});
			const [first, second] = seen;
			expect(seen).toHaveLength(2);
			expect(second?.get("call-id")).toBe(first?.get("call-id"));
			expect(second?.get("from")).toBe(first?.get("from"));
			expect(Number.parseInt(second?.get("cseq") ?? "", 10)).toBe(
				Number.parseInt(first?.get("cseq") ?? "", 10) + 1,
			);
			expect(second?.get(credentials)).toContain('username="u"');
			await here.destroy();
		},
	);

	it("is passed on when there are no credentials", async () => {
		bob.invite((_request, reply) =>
			reply.send(401, {
				headers: { "WWW-Authenticate": 'Digest realm="x", nonce="abc"' },
			}),
		);
		const error = await failure(
			alice.createUAC(bobUri(), { localSdp: sdp(1) }),
		);
		expect(error.status).toBe(401);
	});
});

describe("a call that fails", () => {
	it("tells busy", async () => {
		bob.invite((_request, reply) => reply.send(486));
		const error = await failure(
			alice.createUAC(bobUri(), { localSdp: sdp(1) }),
		);
		expect(error.status).toBe(486);
	});

	it("is cancelled while it rings", async () => {
		const cancelled = new Promise<Message>((resolve) => {
			bob.invite((request, reply) => {
				request.on("cancel", resolve);
				reply.send(180);
			});
		});
		let sent: Sent | undefined;
		let echoed: Message | undefined;
		const error = await failure(
			alice.createUAC(
				bobUri(),
				{ localSdp: sdp(1) },
				{
					cbRequest: (_error, request) => {
						sent = request;
					},
					cbProvisional: () =>
						sent?.cancel({}, (_error, cancel) => {
							echoed = cancel;
						}),
				},
			),
		);
		expect(error.status).toBe(487);
		expect((await cancelled).method).toBe("CANCEL");
		expect(echoed?.method).toBe("CANCEL");
	});

	it("is cancelled before anything was heard of it", async () => {
		bob.invite((_request, reply) => reply.send(180));
		const error = await failure(
			alice.createUAC(
				bobUri(),
				{ localSdp: sdp(1) },
				{ cbRequest: (_error, request) => request.cancel() },
			),
		);
		expect(error.status).toBe(487);
	});

	it("is answered and hung up when the 200 crosses the CANCEL", async () => {
		const peer = await newPeer();
		let invite: SipRequest | undefined;
		const ended = new Promise<string[]>((resolve) => {
			const seen: string[] = [];
			peer.onRequest = (request) => {
				seen.push(request.method);
				if (request.method === "INVITE") {
					invite = request;
					peer.answer(request, 180);
				}
				if (request.method === "CANCEL" && invite) {
					peer.answer(invite, 200, { body: sdp(42) });
					peer.answer(request, 200);
				}
				if (request.method !== "BYE") return;
				peer.answer(request, 200);
				resolve(seen);
			};
		});
		let sent: Sent | undefined;
		const here = await alice.createUAC(
			`sip:x@${peer.at}`,
			{ localSdp: sdp(41) },
			{
				cbRequest: (_error, request) => {
					sent = request;
				},
				cbProvisional: () => sent?.cancel(),
			},
		);
		const told = event<Message>(here, "destroy");
		expect(await ended).toEqual(["INVITE", "CANCEL", "ACK", "BYE"]);
		expect((await told).get("reason")).toContain("ACK-BYE");
		expect(near.control.calls).toBe(0);
	});

	it("is refused when it would come back to its own server", async () => {
		const error = await failure(
			alice.createUAC(`sip:x@${near.at}`, { localSdp: sdp(1) }),
		);
		expect(error).toMatchObject({
			message: "can not send request to myself",
			code: "EDRACHTIO",
		});
	});

	it("fails within a moment when nobody listens there", async () => {
		const { at, stack, control } = await newSide();
		await control.close();
		await stack.close();
		const startedAt = performance.now();
		const error = await failure(
			alice.createUAC(`sip:x@${at}`, { localSdp: sdp(1) }),
		);
		expect(error.status).toBe(503);
		// Without ICMP it would be 32 s
		expect(performance.now() - startedAt).toBeLessThan(5_000);
	});

	it("gets 503 when no application takes INVITEs", async () => {
		const error = await failure(
			alice.createUAC(bobUri(), { localSdp: sdp(1) }),
		);
		expect(error.status).toBe(503);
	});
});

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
		const answered = bobAnswers();
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
