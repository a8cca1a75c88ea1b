import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SipRequest } from "../../../softswitch/sip/message.js";
import { event, failure } from "./applications.js";
import { closeAll, connect, newSide, type Side, sdp } from "./pair.js";
import { newPeer } from "./peer.js";
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
