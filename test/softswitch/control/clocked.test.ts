import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { encodeFrame } from "../../../softswitch/control/frame.js";
import { responseTo, SipRequest } from "../../../softswitch/sip/message.js";
import { requestFromPeer } from "../sip/memory-wire.js";
import { clockedSide } from "./clocked-side.js";
import { closeAll, patiently, sdp } from "./pair.js";
import { RawClient } from "./raw-client.js";

afterEach(closeAll);

describe("a call that the client answered", () => {
	it("is hung up, and the client told, when no ACK comes in 32 s", async () => {
		const side = await clockedSide();
		const client = await RawClient.authenticated(side, "invite", "cdr:stop");
		side.receive(requestFromPeer("INVITE"));
		const { tokens } = await client.nextSip("INVITE");
		await client.ask(`sip|${tokens[8]}|\r\nSIP/2.0 200 OK\r\n\r\n${sdp(7)}`);
		expect(side.control.calls).toBe(1);
		await side.clock.advance(32_000);
		const told = await client.nextSip("BYE");
		expect(told.tokens.slice(2, 3)).toEqual(["application"]);
		expect(told.tokens.slice(8, 10)).toEqual([
			"unsolicited",
			"call-1@192.0.2.7;from-tag=peertag",
		]);
		expect(told.text).toContain('Reason: SIP ;cause=200 ;text="ACK timeout"');
		expect(side.wire.lastRequest.method).toBe("BYE");
		expect(side.control.calls).toBe(0);
		const record = await client.next((one) => one.tokens[1] === "cdr:stop");
		expect(record.tokens[4]).toBe("normal-release");
	});

	it("is not hung up when it was ended before", async () => {
		const side = await clockedSide();
		const client = await RawClient.authenticated(side, "invite");
		side.receive(requestFromPeer("INVITE"));
		const { tokens } = await client.nextSip("INVITE");
		await client.ask(`sip|${tokens[8]}|\r\nSIP/2.0 200 OK\r\n\r\n${sdp(7)}`);
		const toTag = side.wire.lastResponse.toTag;
		side.receive(
			requestFromPeer("BYE", { toTag, cseq: 2, branch: "z9hG4bKb" }),
		);
		await client.nextSip("BYE");
		await side.clock.advance(40_000);
		expect(side.wire.sent.map(({ message }) => message)).not.toContainEqual(
			expect.any(SipRequest),
		);
	});
});

describe("a change of a call by the peer", () => {
	it("may be called off; the next one is taken", async () => {
		const side = await clockedSide();
		const client = await RawClient.authenticated(side, "invite", "cdr:stop");
		side.receive(requestFromPeer("INVITE"));
		const { tokens } = await client.nextSip("INVITE");
		await client.ask(`sip|${tokens[8]}|\r\nSIP/2.0 200 OK\r\n\r\n${sdp(7)}`);
		const toTag = side.wire.lastResponse.toTag;
		const change = (method: string, cseq: number) =>
			side.receive(
				requestFromPeer(method, { toTag, cseq, branch: `z9hG4bKc${cseq}` }),
			);
		change("INVITE", 2);
		await client.nextSip("INVITE");
		change("INVITE", 3);
		expect(side.wire.lastResponse.status).toBe(500);
		change("CANCEL", 2);
		expect(side.wire.lastResponse.status).toBe(487);
		await client.nextSip("CANCEL");
		change("INVITE", 4);
		const next = await client.nextSip("INVITE");
		const answer = await client.sip(`${next.tokens[8]}|`, "SIP/2.0 488 No");
		expect(answer.tokens[0]).toBe("OK");
		expect(client.received).toEqual([]);
	});
});

describe("a call whose client goes while it rings", () => {
	it("is acknowledged and hung up if it is answered all the same", async () => {
		const side = await clockedSide();
		const client = await RawClient.authenticated(side);
		await client.sip("|", "INVITE sip:peer@192.0.2.7:5070 SIP/2.0");
		const invite = side.wire.lastRequest;
		client.socket.destroy();
		await expect.poll(() => side.control.clients, patiently).toBe(0);
		side.receive(
			responseTo(invite, 200, "theirs").with({
				headers: { Contact: "<sip:peer@192.0.2.7:5070>" },
			}),
		);
		expect(side.wire.log.slice(1).map(([, name]) => name)).toEqual([
			"ACK",
			"BYE",
		]);
		expect(side.control.calls).toBe(0);
	});
});

describe("a connection without a secret", () => {
	it("is closed after 10 s", async () => {
		const side = await clockedSide();
		const client = await RawClient.open(side);
		const friend = await RawClient.authenticated(side);
		await side.clock.advance(10_000);
		await expect.poll(() => client.closed, patiently).toBe(true);
		expect((await friend.ask("ping")).tokens).toEqual(["OK", "pong"]);
	});
});

describe("the control server", () => {
	it("survives whatever its clients send", async () => {
		const side = await clockedSide();
		const whole = [
			"1|sip||\r\nINVITE sip:a@192.0.2.7 SIP/2.0\r\nfrom: sip:1@localhost\r\nContent-Length: 4\r\n\r\nv=0\r\n",
			"2|sip||x;from-tag=y\r\nBYE sip:placeholder SIP/2.0\r\nContent-Length: 0\r\n\r\n",
			"3|sip|t|\r\nSIP/2.0 200 OK\r\ncseq: 1 INVITE\r\n\r\n",
			"4|route|invite",
		];
		const damaged = fc
			.tuple(
				fc.constantFrom(...whole),
				fc.nat(120),
				fc.nat(20),
				fc.string({ unit: "binary", maxLength: 6 }),
			)
			.map(
				([text, at, remove, insert]) =>
					`${text.slice(0, at)}${insert}${text.slice(at + remove)}`,
			)
			.filter((text) => text !== "");
		await fc.assert(
			fc.asyncProperty(fc.array(damaged, { maxLength: 20 }), async (texts) => {
				const client = await RawClient.authenticated(side);
				client.socket.write(texts.map(encodeFrame).join(""));
				await client.ask("ping");
				const bugs = client.received.filter(({ tokens }) =>
					tokens.some((token) => token.includes("could not be handled")),
				);
				expect(bugs).toEqual([]);
				client.socket.destroy();
			}),
			{ numRuns: 40 },
		);
		expect(side.stack.counters.faults).toBe(0);
	});
});
