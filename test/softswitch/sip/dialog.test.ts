import { describe, expect, it } from "vitest";
import { Dialog } from "../../../softswitch/sip/dialog.js";
import { responseTo } from "../../../softswitch/sip/message.js";
import { newRequest, requestFromPeer } from "./memory-wire.js";

function answerTo(headers: Record<string, string> = {}) {
	const invite = newRequest("INVITE");
	const answer = responseTo(invite, 200, "theirs").with({
		headers: { Contact: "<sip:peer@192.0.2.7:5071>", ...headers },
	});
	return { invite, answer };
}

describe("a dialog of the caller", () => {
	it("counts on from the INVITE and addresses the Contact of the answer", () => {
		const { invite, answer } = answerTo();
		const dialog = Dialog.ofCaller(invite, answer);
		const bye = dialog.request("BYE");
		expect(bye.toString().split("\r\n")).toEqual([
			"BYE sip:peer@192.0.2.7:5071 SIP/2.0",
			"Max-Forwards: 70",
			"From: <sip:me@192.0.2.1:5060>;tag=mytag",
			"To: <sip:peer@192.0.2.7:5070>;tag=theirs",
			"Call-ID: ours-1",
			"CSeq: 8 BYE",
			"Content-Length: 0",
			"",
			"",
		]);
		expect(dialog.ack(7).cseq).toEqual({ number: 7, method: "ACK" });
		expect(dialog.request("INFO", {}, 20).cseq.number).toBe(20);
		expect(dialog.request("INFO", {}, 3).cseq.number).toBe(21);
		expect(dialog.nextHop()).toEqual({
			host: "192.0.2.7",
			port: 5071,
			transport: "udp",
		});
	});

	it("goes through the recorded routes in reverse", () => {
		const { invite, answer } = answerTo();
		answer.headers.add("Record-Route", "<sip:last.example:5065;lr>");
		answer.headers.add("Record-Route", "<sip:first.example;transport=tcp;lr>");
		const dialog = Dialog.ofCaller(invite, answer);
		dialog.pinTo({ host: "198.51.100.1", port: 1, transport: "udp" });
		expect(dialog.request("BYE").headers.all("route")).toEqual([
			"<sip:first.example;transport=tcp;lr>",
			"<sip:last.example:5065;lr>",
		]);
		expect(dialog.nextHop()).toEqual({
			host: "first.example",
			port: 5060,
			transport: "tcp",
		});
	});

	it("gives a strict router its own address and keeps the target for last", () => {
		const { invite, answer } = answerTo({
			"Record-Route": "<sip:strict.example>",
		});
		const request = Dialog.ofCaller(invite, answer).request("BYE");
		expect(request.uri).toBe("sip:strict.example");
		expect(request.headers.all("route")).toEqual(["<sip:peer@192.0.2.7:5071>"]);
	});

	it.each([
		"",
		"<>",
		"*",
		"tel:100",
		"<sip:a b@192.0.2.8>",
		"<sip:>",
		"<sip:@>",
	])(
		"keeps to where the INVITE went when Contact and Record-Route are %s",
		(nonsense) => {
			const { invite, answer } = answerTo({ Contact: nonsense });
			answer.headers.add("Record-Route", nonsense);
			const request = Dialog.ofCaller(invite, answer).request("BYE");
			expect(request.uri).toBe(invite.uri);
			expect(request.headers.all("route")).toEqual([]);
		},
	);

	it("follows the source of the answer when the Contact is elsewhere", () => {
		const source = { host: "198.51.100.1", port: 9, transport: "udp" } as const;
		const { invite, answer } = answerTo({ Contact: "<sip:peer@10.0.0.1>" });
		const dialog = Dialog.ofCaller(invite, answer);
		dialog.pinTo(source);
		expect(dialog.nextHop()).toEqual(source);
		expect(dialog.request("BYE").uri).toBe("sip:peer@10.0.0.1");
	});

	it("moves its target with a 200 to a re-INVITE, and only then", () => {
		const { invite, answer } = answerTo();
		const dialog = Dialog.ofCaller(invite, answer);
		const moved = { headers: { Contact: "<sip:peer@192.0.2.8>" } };
		dialog.refresh(responseTo(dialog.request("INFO"), 200, "").with(moved));
		dialog.refresh(responseTo(dialog.request("INVITE"), 488, "").with(moved));
		expect(dialog.target).toBe("sip:peer@192.0.2.7:5071");
		dialog.refresh(responseTo(dialog.request("INVITE"), 200, "").with(moved));
		expect(dialog.target).toBe("sip:peer@192.0.2.8");
	});

	it("carries its Contact where there must be one", () => {
		const { invite, answer } = answerTo();
		const dialog = Dialog.ofCaller(invite, answer);
		expect(dialog.request("INVITE").headers.get("contact")).toBe(
			"<sip:me@192.0.2.1:5060>",
		);
		expect(dialog.request("INFO").headers.has("contact")).toBe(false);
	});
});

describe("a dialog of the callee", () => {
	it("turns From and To around and starts a count of its own", () => {
		const invite = requestFromPeer("INVITE", {
			headers: { "Record-Route": "<sip:p.example;lr>" },
		});
		const answer = responseTo(invite, 200, "mine");
		const dialog = Dialog.ofCallee(invite, answer);
		const bye = dialog.request("BYE");
		expect(bye.headers.get("from")).toBe("<sip:me@192.0.2.1:5060>;tag=mine");
		expect(bye.toTag).toBe("peertag");
		expect(bye.cseq).toEqual({ number: 1, method: "BYE" });
		expect(bye.uri).toBe("sip:peer@192.0.2.7:5070");
		expect(bye.headers.all("route")).toEqual(["<sip:p.example;lr>"]);
	});

	it("takes requests in order only, and follows a new Contact", () => {
		const invite = requestFromPeer("INVITE", { cseq: 5 });
		const dialog = Dialog.ofCallee(invite, responseTo(invite, 200, "mine"));
		const moved = { Contact: "<sip:peer@192.0.2.8>" };
		expect(dialog.accepts(requestFromPeer("INFO", { cseq: 5 }))).toBe(false);
		expect(dialog.accepts(requestFromPeer("INFO", { cseq: 9 }))).toBe(true);
		expect(
			dialog.accepts(requestFromPeer("INVITE", { cseq: 8, headers: moved })),
		).toBe(false);
		expect(dialog.target).toBe("sip:peer@192.0.2.7:5070");
		expect(
			dialog.accepts(requestFromPeer("INVITE", { cseq: 10, headers: moved })),
		).toBe(true);
		expect(dialog.target).toBe("sip:peer@192.0.2.8");
	});
});
