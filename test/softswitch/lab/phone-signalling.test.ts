import { describe, expect, it } from "vitest";
import type { PhoneOptions } from "../../../softswitch/lab/phone.js";
import { Dialog } from "../../../softswitch/sip/dialog.js";
import { newCallId } from "../../../softswitch/sip/id.js";
import {
	SipRequest,
	type SipResponse,
} from "../../../softswitch/sip/message.js";
import type { SipStack } from "../../../softswitch/sip/stack.js";
import { answered, openPhone, openStack } from "./phones.js";

const bob = { username: "bob", password: "secret" };

describe("a lab phone that asks for credentials", () => {
	it.each([401, 407] as const)(
		"by a %i lets in who has them",
		async (status) => {
			const callee = await openPhone({ authenticate: { ...bob, status } });
			const caller = await openPhone();
			const call = await caller.call(callee.uri, { credentials: bob });
			await answered(caller);
			expect(call.state).toBe("answered");
			expect(callee.calls.length).toBe(1);
		},
	);

	it("keeps out who has others, or none", async () => {
		const callee = await openPhone({ authenticate: { ...bob, status: 401 } });
		const caller = await openPhone();
		const wrong = await caller.call(callee.uri, {
			credentials: { ...bob, password: "guess" },
		});
		const none = await caller.call(callee.uri);
		expect((await wrong.ended).status).toBe(401);
		expect((await none.ended).status).toBe(401);
		expect(callee.calls).toEqual([]);
	});
});

function ask(
	stack: SipStack,
	method: string,
	uri: string,
	port: number,
	body = "",
): Promise<SipResponse> {
	const request = new SipRequest(method, uri).with({
		headers: {
			From: `${stack.contact("tester")};tag=1`,
			To: `<${uri}>`,
			"Call-ID": newCallId(),
			CSeq: `1 ${method}`,
			Contact: stack.contact("tester"),
		},
		body,
	});
	const to = { host: "127.0.0.1", port, transport: "udp" } as const;
	return new Promise((resolve) => {
		stack.request(request, to, (response) => {
			if (response.status >= 200) resolve(response);
		});
	});
}

describe("a lab phone", () => {
	it("answers OPTIONS, and says what it does not understand", async () => {
		const { uri, port } = await openPhone();
		const stack = await openStack();
		const status = async (method: string) =>
			(await ask(stack, method, uri, port)).status;
		expect(await status("OPTIONS")).toBe(200);
		expect(await status("SUBSCRIBE")).toBe(405);
		expect(await status("BYE")).toBe(405);
	});

	it("points to somebody else by a 302", async () => {
		const contact = "sip:other@127.0.0.1:5099";
		const { uri, port } = await openPhone({
			script: { outcome: { type: "reject", status: 302, afterMs: 0, contact } },
		});
		const stack = await openStack();
		const offer = "v=0\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\n";
		const response = await ask(stack, "INVITE", uri, port, offer);
		expect(response.status).toBe(302);
		expect(response.headers.get("contact")).toBe(`<${contact}>`);
	});

	it("makes the offer itself where the INVITE has none, and takes the answer from the ACK", async () => {
		const phone = await openPhone({
			script: {
				actions: [
					{
						at: { after: "answer", ms: 100 },
						type: "play",
						sound: "tone_stream://%(500,0,440)",
					},
				],
			},
		});
		const stack = await openStack();
		const request = new SipRequest("INVITE", phone.uri).with({
			headers: {
				From: `${stack.contact("tester")};tag=1`,
				To: `<${phone.uri}>`,
				"Call-ID": newCallId(),
				CSeq: "1 INVITE",
				Contact: stack.contact("tester"),
			},
		});
		const to = {
			host: "127.0.0.1",
			port: phone.port,
			transport: "udp",
		} as const;
		const offer = await new Promise<string>((resolve) => {
			const sent = stack.request(request, to, (response) => {
				if (response.status !== 200) return;
				const dialog = Dialog.ofCaller(request, response);
				// Its own offer, handed back: an answer it can accept.
				const headers = { "Content-Type": "application/sdp" };
				const answer = response.body.replace(/^m=audio \d+/m, "m=audio 4000");
				sent.ack(dialog.ack(1, { headers, body: answer }), to);
				resolve(response.body);
			});
		});
		expect(offer).toMatch(/^m=audio 3\d{4} RTP\/AVP 0 8 101\r$/m);
		const call = await answered(phone);
		await expect
			.poll(async () => (await call.stats()).packetsSent)
			.toBeGreaterThan(2);
	});
});

describe("a lab phone with a registrar", () => {
	/** A registrar that asks for credentials once and then grants so many seconds. */
	async function openRegistrar(expires: string, refusal?: number) {
		const stack = await openStack();
		const seen: SipRequest[] = [];
		stack.onRequest = (request, transaction) => {
			seen.push(request);
			if (!request.headers.has("Authorization")) {
				const header = 'Digest realm="lab", nonce="n", qop="auth"';
				transaction.reply(401, { headers: { "WWW-Authenticate": header } });
			} else if (refusal !== undefined) transaction.reply(refusal);
			else transaction.reply(200, { headers: { Expires: expires } });
		};
		const registrar = `sip:127.0.0.1:${stack.address.port}`;
		const register: PhoneOptions["register"] = { registrar, ...bob };
		return { seen, register };
	}
	const granted = (seen: readonly SipRequest[]) =>
		seen.filter(({ headers }) => headers.has("Authorization"));

	it("registers before it is ready, again after half of its time, and off when it is closed", async () => {
		const { seen, register } = await openRegistrar("1");
		const phone = await openPhone({ register, user: "bob" });
		expect(granted(seen).length).toBe(1);
		expect(seen[0]?.headers.get("contact")).toContain(
			`bob@127.0.0.1:${phone.port}`,
		);
		await expect.poll(() => granted(seen).length, { timeout: 5000 }).toBe(2);
		await phone.close();
		expect(granted(seen).at(-1)?.headers.get("expires")).toBe("0");
		const numbers = seen.map(({ cseq }) => cseq.number);
		expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
	});

	it("does not start where it is refused", async () => {
		const { register } = await openRegistrar("60", 403);
		await expect(openPhone({ register })).rejects.toThrow(
			/refused the registration: 403 Forbidden/,
		);
	});
});
