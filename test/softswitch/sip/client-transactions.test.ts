import { describe, expect, it } from "vitest";
import { Dialog } from "../../../softswitch/sip/dialog.js";
import {
	responseTo,
	type SipRequest,
	type SipResponse,
} from "../../../softswitch/sip/message.js";
import type { Endpoint } from "../../../softswitch/sip/uri.js";
import { memoryStack, newRequest, patiently, peer } from "./memory-wire.js";

type Heard = [status: number, source: Endpoint | null];

function calling(method: string, transport: "udp" | "tcp" = "udp") {
	const at = memoryStack();
	const heard: Heard[] = [];
	const destination = { ...peer, transport };
	const transaction = at.stack.request(
		newRequest(method),
		destination,
		(response, source) => heard.push([response.status, source]),
	);
	const request = at.wire.lastRequest;
	const answer = (status: number, toTag = "theirtag") => {
		const response = responseTo(request, status, toTag);
		response.headers.set("Contact", "<sip:peer@192.0.2.7:5070>");
		at.receive(response, destination);
		return response;
	};
	const ack = (response: SipResponse) =>
		transaction.ack(
			Dialog.ofCaller(request, response).ack(request.cseq.number),
			destination,
		);
	return { ...at, heard, transaction, request, answer, ack, destination };
}

const times = (log: [number, string][], method: string) =>
	log.filter(([, name]) => name === method).map(([atMs]) => atMs);

describe("an INVITE nobody answers", () => {
	it("is sent again after 0.5, 1, 2, 4, 8 and 16 s and fails with a local 408 at 32 s", async () => {
		const { clock, wire, heard, stack } = calling("INVITE");
		await clock.advance(31_999);
		expect(times(wire.log, "INVITE")).toEqual([
			0, 500, 1_500, 3_500, 7_500, 15_500, 31_500,
		]);
		expect(heard).toEqual([]);
		await clock.advance(1);
		expect(heard).toEqual([[408, null]]);
		await clock.advance(60_000);
		expect(wire.sent).toHaveLength(7);
		expect(stack.open.clients).toBe(0);
	});

	it("is sent once over TCP", async () => {
		const { clock, wire, heard } = calling("INVITE", "tcp");
		await clock.advance(32_000);
		expect(wire.log).toEqual([[0, "INVITE"]]);
		expect(heard).toEqual([[408, null]]);
	});

	it("fails with a local 503 as soon as the peer is known to be unreachable", () => {
		const { wire, heard, stack } = calling("INVITE");
		wire.onUnreachable(peer);
		expect(heard).toEqual([[503, null]]);
		expect(stack.open.clients).toBe(0);
	});

	it("does not care whether somebody else is unreachable", () => {
		const { wire, heard } = calling("INVITE");
		wire.onUnreachable({ ...peer, port: 5071 });
		expect(heard).toEqual([]);
	});
});

describe("an INVITE that rings", () => {
	it("is not sent again, waits as long as it takes, and passes on everything but 100", async () => {
		const { clock, wire, heard, answer } = calling("INVITE");
		answer(100);
		answer(180);
		answer(183);
		await clock.advance(600_000);
		wire.onUnreachable(peer);
		expect(wire.log).toEqual([[0, "INVITE"]]);
		expect(heard.map(([status]) => status)).toEqual([180, 183]);
		answer(200);
		expect(heard.at(-1)).toEqual([200, peer]);
	});
});

describe("a refused INVITE", () => {
	it("is acknowledged in its own transaction, again for every retransmission, and told once", async () => {
		const { clock, wire, heard, answer, request, stack } = calling("INVITE");
		answer(486);
		answer(486);
		await clock.advance(31_000);
		answer(486);
		expect(wire.log.map(([, name]) => name)).toEqual([
			"INVITE",
			"ACK",
			"ACK",
			"ACK",
		]);
		const ack = wire.lastRequest;
		expect(ack.branch).toBe(request.branch);
		expect(ack.uri).toBe(request.uri);
		expect(ack.toTag).toBe("theirtag");
		expect(ack.cseq).toEqual({ number: 7, method: "ACK" });
		expect(heard).toEqual([[486, peer]]);
		await clock.advance(1_000);
		expect(stack.open.clients).toBe(0);
	});
});

describe("an answered INVITE", () => {
	it("is acknowledged again for every 200 that comes again", () => {
		const { wire, heard, answer, ack } = calling("INVITE");
		const response = answer(200);
		answer(200);
		expect(wire.log.map(([, name]) => name)).toEqual(["INVITE"]);
		ack(response);
		const first = wire.sent.at(-1)?.text;
		answer(200);
		answer(200);
		expect(wire.sent.map(({ text }) => text).slice(1)).toEqual([
			first,
			first,
			first,
		]);
		expect(heard).toEqual([[200, peer]]);
	});

	it("acknowledges and hangs up a second callee, once, and leaves the first alone", () => {
		const { wire, heard, answer, ack } = calling("INVITE");
		ack(answer(200, "winner"));
		answer(200, "loser");
		answer(200, "loser");
		const sent = wire.sent.slice(2).map(({ message }) => message as SipRequest);
		expect(sent.map(({ method, toTag }) => [method, toTag])).toEqual([
			["ACK", "loser"],
			["BYE", "loser"],
			["ACK", "loser"],
		]);
		expect(heard).toEqual([[200, peer]]);
	});

	it("is forgotten after 32 s", async () => {
		const { clock, stack, answer, ack, receive, wire } = calling("INVITE");
		const response = answer(200);
		ack(response);
		await clock.advance(32_000);
		expect(stack.open.clients).toBe(0);
		receive(response);
		expect(wire.log.map(([, name]) => name)).toEqual(["INVITE", "ACK"]);
		expect(stack.counters.stray).toBe(1);
	});
});

describe("a cancelled INVITE", () => {
	it("holds the CANCEL until something provisional has come", () => {
		const { wire, transaction, answer, request } = calling("INVITE");
		const cancel = transaction.cancel({ headers: { Reason: "SIP;cause=200" } });
		expect(wire.log).toEqual([[0, "INVITE"]]);
		answer(100);
		expect(wire.lastRequest.toString()).toBe(cancel?.toString());
		expect(wire.lastRequest.method).toBe("CANCEL");
		expect(wire.lastRequest.branch).toBe(request.branch);
		expect(wire.lastRequest.cseq).toEqual({ number: 7, method: "CANCEL" });
		expect(wire.lastRequest.headers.get("reason")).toBe("SIP;cause=200");
		expect(transaction.cancel()).toBeNull();
	});

	it("ends with the 487 of its INVITE", () => {
		const { wire, heard, transaction, answer } = calling("INVITE");
		answer(180);
		transaction.cancel();
		answer(487);
		expect(heard.map(([status]) => status)).toEqual([180, 487]);
		expect(wire.lastRequest.method).toBe("ACK");
	});

	it("is answered all the same when the 200 crosses the CANCEL", () => {
		const { heard, transaction, answer } = calling("INVITE");
		answer(180);
		transaction.cancel();
		answer(200);
		expect(heard.map(([status]) => status)).toEqual([180, 200]);
		expect(transaction.cancel()).toBeNull();
	});

	it("is given up 32 s after the CANCEL", async () => {
		const { clock, heard, transaction, answer } = calling("INVITE");
		answer(180);
		await clock.advance(10_000);
		transaction.cancel();
		await clock.advance(31_999);
		expect(heard).toHaveLength(1);
		await clock.advance(1);
		expect(heard.at(-1)).toEqual([408, null]);
	});

	it("is never cancelled if the answer comes first", () => {
		const { wire, transaction, answer } = calling("INVITE");
		transaction.cancel();
		answer(486);
		expect(wire.log.map(([, name]) => name)).toEqual(["INVITE", "ACK"]);
	});
});

describe("any other request", () => {
	it("is sent again after 0.5, 1, 2 and then every 4 s, and fails with a local 408 at 32 s", async () => {
		const { clock, wire, heard, stack } = calling("OPTIONS");
		await clock.advance(32_000);
		expect(times(wire.log, "OPTIONS")).toEqual([
			0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500,
			31_500,
		]);
		expect(heard).toEqual([[408, null]]);
		expect(stack.open.clients).toBe(0);
	});

	it("goes on every 4 s after a provisional response", async () => {
		const { clock, wire, answer } = calling("OPTIONS");
		await clock.advance(400);
		answer(100);
		await clock.advance(9_000);
		expect(times(wire.log, "OPTIONS")).toEqual([0, 500, 4_500, 8_500]);
	});

	it("tells its final response once, though it come again", async () => {
		const { clock, heard, answer, stack } = calling("BYE");
		answer(200);
		answer(200);
		expect(heard).toEqual([[200, peer]]);
		await clock.advance(5_000);
		expect(stack.open.clients).toBe(0);
	});

	it("fails with a local 503 when the peer is unreachable", () => {
		const { wire, heard } = calling("BYE");
		wire.onUnreachable(peer);
		wire.onUnreachable(peer);
		expect(heard).toEqual([[503, null]]);
	});
});

describe("a response", () => {
	it.each([
		[
			"another branch",
			(r: SipResponse) =>
				r.headers.set("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKother"),
		],
		[
			"two Via headers",
			(r: SipResponse) =>
				r.headers.add("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx"),
		],
		["another method", (r: SipResponse) => r.headers.set("CSeq", "7 BYE")],
		[
			"a CSeq that cannot be read",
			(r: SipResponse) => r.headers.set("CSeq", "seven INVITE"),
		],
	])("with %s is dropped", (_what, spoil) => {
		const { request, heard, receive, stack } = calling("INVITE");
		const response = responseTo(request, 200, "x");
		spoil(response);
		receive(response);
		expect(heard).toEqual([]);
		expect(stack.counters.stray).toBe(1);
	});
});

describe("a destination that is a name", () => {
	it("is looked up, and what has no address fails with a local 503", async () => {
		const { stack, wire } = memoryStack();
		const status = await new Promise<number>((resolve) => {
			// RFC 1035 §2.3.4: no label is longer than 63 octets, so nobody is asked for it
			stack.request(
				newRequest("OPTIONS"),
				{ ...peer, host: `${"a".repeat(64)}.invalid` },
				(response) => resolve(response.status),
			);
		});
		expect(status).toBe(503);
		stack.request(
			newRequest("OPTIONS", "ours-2"),
			{ ...peer, host: "localhost" },
			() => {},
		);
		await expect
			.poll(() => wire.sent.at(-1)?.to.host, patiently)
			.toBe("127.0.0.1");
	});
});
