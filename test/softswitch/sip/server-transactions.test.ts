import { describe, expect, it } from "vitest";
import type { SipRequest } from "../../../softswitch/sip/message.js";
import { listening, peer, requestFromPeer } from "./memory-wire.js";

function ringing() {
	const at = listening();
	at.receive(requestFromPeer("INVITE"));
	const transaction = at.seen[0];
	if (!transaction) throw new Error("the INVITE was not seen");
	const acks: SipRequest[] = [];
	let timeouts = 0;
	const cancels: SipRequest[] = [];
	transaction.onAck = (ack) => acks.push(ack);
	transaction.onAckTimeout = () => {
		timeouts += 1;
	};
	transaction.onCancel = (cancel) => cancels.push(cancel);
	const answer = () =>
		transaction.reply(200, { headers: { Contact: at.stack.contact("me") } });
	/** The ACK of the 200: a transaction of its own. */
	const ackAnswer = () =>
		at.receive(
			requestFromPeer("ACK", {
				branch: "z9hG4bK-peer-ack",
				toTag: transaction.localTag,
			}),
		);
	return {
		...at,
		transaction,
		acks,
		cancels,
		answer,
		ackAnswer,
		timeouts: () => timeouts,
	};
}

const times = (log: [number, string][], name: string) =>
	log.filter(([, other]) => other === name).map(([atMs]) => atMs);

describe("an INVITE that comes in", () => {
	it("gets 100 at once, and is seen once though it comes again", () => {
		const { receive, seen, statuses, stack } = listening();
		receive(requestFromPeer("INVITE"));
		receive(requestFromPeer("INVITE"));
		expect(statuses()).toEqual(["100", "100"]);
		expect(seen).toHaveLength(1);
		expect(stack.counters.repeated).toBe(1);
	});

	it("gets the newest provisional response when it comes again", () => {
		const { receive, transaction, statuses } = ringing();
		transaction.reply(180);
		receive(requestFromPeer("INVITE"));
		expect(statuses()).toEqual(["100", "180", "180"]);
	});

	it("is answered with the same To tag in every response but 100", () => {
		const { transaction, wire, answer } = ringing();
		transaction.reply(180);
		answer();
		expect(wire.sent.map(({ message }) => message.toTag)).toEqual([
			"",
			transaction.localTag,
			transaction.localTag,
		]);
	});

	it("takes only one final response", () => {
		const { transaction, answer, statuses } = ringing();
		expect(answer()?.status).toBe(200);
		expect(transaction.reply(486)).toBeNull();
		expect(transaction.answered).toBe(true);
		expect(statuses()).toEqual(["100", "200"]);
	});
});

describe("an INVITE that is never answered", () => {
	it("gets 480 after ten minutes", async () => {
		const { transaction, clock, statuses } = ringing();
		let abandoned = 0;
		transaction.onAbandoned = () => {
			abandoned += 1;
		};
		transaction.reply(180);
		await clock.advance(599_999);
		expect(statuses()).toEqual(["100", "180"]);
		await clock.advance(1);
		expect(statuses()).toEqual(["100", "180", "480"]);
		expect(abandoned).toBe(1);
	});
});

describe("a 200 to an INVITE", () => {
	it("is sent again after 0.5, 1, 2 and then every 4 s until its ACK comes", async () => {
		const { clock, wire, answer, ackAnswer, acks, timeouts } = ringing();
		answer();
		await clock.advance(9_000);
		expect(times(wire.log, "200")).toEqual([0, 500, 1_500, 3_500, 7_500]);
		ackAnswer();
		ackAnswer();
		await clock.advance(60_000);
		expect(times(wire.log, "200")).toHaveLength(5);
		expect(acks.map(({ method }) => method)).toEqual(["ACK"]);
		expect(timeouts()).toBe(0);
	});

	it("still takes an ACK that comes after 31 s", async () => {
		const { clock, answer, ackAnswer, acks, timeouts } = ringing();
		answer();
		await clock.advance(31_000);
		ackAnswer();
		await clock.advance(60_000);
		expect(acks).toHaveLength(1);
		expect(timeouts()).toBe(0);
	});

	it("tells when no ACK has come in 32 s, and is then forgotten", async () => {
		const { clock, answer, timeouts, stack, wire } = ringing();
		answer();
		await clock.advance(32_000);
		expect(timeouts()).toBe(1);
		expect(stack.open.servers).toBe(0);
		const sent = wire.sent.length;
		await clock.advance(60_000);
		expect(wire.sent).toHaveLength(sent);
	});

	it("is not sent again because the INVITE comes again", () => {
		const { receive, answer, statuses } = ringing();
		answer();
		receive(requestFromPeer("INVITE"));
		expect(statuses()).toEqual(["100", "200"]);
	});

	it("takes an ACK that wrongly repeats the INVITE's branch", () => {
		const { receive, answer, acks, transaction } = ringing();
		answer();
		receive(requestFromPeer("ACK", { toTag: transaction.localTag }));
		expect(acks).toHaveLength(1);
	});

	it("is not stopped by an ACK for something else", async () => {
		const { receive, answer, acks, clock, wire, stack } = ringing();
		answer();
		receive(requestFromPeer("ACK", { branch: "z9hG4bK-2", toTag: "other" }));
		await clock.advance(500);
		expect(acks).toEqual([]);
		expect(stack.counters.stray).toBe(1);
		expect(times(wire.log, "200")).toEqual([0, 500]);
	});
});

describe("a refusal of an INVITE", () => {
	it("is sent again after 0.5, 1, 2 and then every 4 s until its ACK comes", async () => {
		const { clock, wire, transaction, receive, stack, acks } = ringing();
		transaction.reply(486);
		await clock.advance(9_000);
		expect(times(wire.log, "486")).toEqual([0, 500, 1_500, 3_500, 7_500]);
		receive(requestFromPeer("ACK", { toTag: transaction.localTag }));
		await clock.advance(5_000);
		expect(times(wire.log, "486")).toHaveLength(5);
		expect(acks).toEqual([]);
		expect(stack.open.servers).toBe(0);
	});

	it("is given up after 32 s without an ACK", async () => {
		const { clock, transaction, stack } = ringing();
		transaction.reply(603);
		await clock.advance(32_000);
		expect(stack.open.servers).toBe(0);
		expect(clock.pending).toBe(0);
	});
});

describe("a CANCEL", () => {
	it("is answered 200 and ends its INVITE with 487", () => {
		const { receive, statuses, cancels, transaction, answer } = ringing();
		transaction.reply(180);
		receive(requestFromPeer("CANCEL"));
		receive(requestFromPeer("CANCEL"));
		expect(statuses()).toEqual(["100", "180", "200", "487", "200"]);
		expect(cancels).toHaveLength(1);
		expect(answer()).toBeNull();
	});

	it("that crosses the 200 changes nothing", () => {
		const { receive, statuses, cancels, answer } = ringing();
		answer();
		receive(requestFromPeer("CANCEL"));
		expect(statuses()).toEqual(["100", "200", "200"]);
		expect(cancels).toEqual([]);
	});

	it("for an INVITE nobody knows gets 481", () => {
		const { receive, statuses } = listening();
		receive(requestFromPeer("CANCEL"));
		expect(statuses()).toEqual(["481"]);
	});
});

describe("any other request that comes in", () => {
	it("gets its final response again when it comes again, and is forgotten after 32 s", async () => {
		const { receive, seen, statuses, clock, stack } = listening();
		receive(requestFromPeer("OPTIONS"));
		receive(requestFromPeer("OPTIONS"));
		expect(statuses()).toEqual([]);
		seen[0]?.reply(200);
		receive(requestFromPeer("OPTIONS"));
		expect(statuses()).toEqual(["200", "200"]);
		expect(seen).toHaveLength(1);
		await clock.advance(32_000);
		expect(stack.open.servers).toBe(0);
	});

	it("that nobody answers is forgotten after 32 s, and said to be", async () => {
		const { receive, clock, stack, seen } = listening();
		receive(requestFromPeer("INFO"));
		let abandoned = 0;
		if (seen[0])
			seen[0].onAbandoned = () => {
				abandoned += 1;
			};
		await clock.advance(32_000);
		expect(abandoned).toBe(1);
		expect(stack.open.servers).toBe(0);
		expect(seen[0]?.reply(200)).toBeNull();
	});

	it("over TCP is forgotten with its final response", () => {
		const { receive, seen, stack } = listening();
		receive(requestFromPeer("OPTIONS", { transport: "tcp" }), {
			...peer,
			transport: "tcp",
		});
		seen[0]?.reply(200);
		expect(stack.open.servers).toBe(0);
	});
});

describe("responses", () => {
	it("go back to where the request came from, which the Via tells (RFC 3581)", () => {
		const { receive, seen, wire } = listening();
		const nat = {
			host: "198.51.100.9",
			port: 31_000,
			transport: "udp",
		} as const;
		receive(requestFromPeer("OPTIONS"), nat);
		seen[0]?.reply(200);
		expect(wire.sent[0]?.to).toEqual(nat);
		expect(wire.last.headers.get("via")).toBe(
			"SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bK-peer-1;rport=31000;received=198.51.100.9",
		);
	});

	it("carry every Via and the Record-Route of an INVITE", () => {
		const { receive, seen, wire } = listening();
		const invite = requestFromPeer("INVITE", {
			headers: { "Record-Route": "<sip:p1.example;lr>, <sip:p2.example;lr>" },
		});
		invite.headers.add(
			"Via",
			"SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKa, SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKb",
		);
		receive(invite);
		seen[0]?.reply(180);
		expect(wire.last.headers.all("via").slice(1)).toEqual([
			"SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKa",
			"SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKb",
		]);
		expect(wire.last.headers.all("record-route")).toEqual([
			"<sip:p1.example;lr>",
			"<sip:p2.example;lr>",
		]);
	});
});
