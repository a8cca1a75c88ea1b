import { describe, expect, it } from "vitest";
import { listening, requestFromPeer } from "./memory-wire.js";

describe("what cannot be taken", () => {
	it.each([
		["the same call by another path", 482, { branch: "z9hG4bK-other-path" }],
		[
			"a required extension",
			420,
			{ branch: "b2", callId: "c2", headers: { Require: "100rel" } },
		],
		[
			"a CSeq of another method",
			400,
			{ branch: "b3", callId: "c3", headers: { CSeq: "1 BYE" } },
		],
	])("is refused: %s gets %i", (_what, status, parts) => {
		const { receive, statuses, stack } = listening();
		receive(requestFromPeer("INVITE"));
		receive(requestFromPeer("INVITE", parts));
		expect(statuses().at(-1)).toBe(String(status));
		expect(stack.counters.rejected).toBe(1);
	});

	it("is not refused for session timers", () => {
		const { receive, seen } = listening();
		receive(requestFromPeer("INVITE", { headers: { Require: "timer" } }));
		expect(seen).toHaveLength(1);
	});

	it("is refused: an unknown method gets 405 and the list of those that are known", () => {
		const { receive, wire, seen } = listening();
		receive(requestFromPeer("NEWMETHOD"));
		expect(wire.lastResponse.status).toBe(405);
		expect(wire.last.headers.get("allow")).toContain(
			"INVITE, ACK, CANCEL, BYE",
		);
		expect(seen).toEqual([]);
	});

	it("is refused: another version of SIP gets 505", () => {
		const { receive, statuses } = listening();
		receive(
			requestFromPeer("OPTIONS").toString().replace("SIP/2.0", "SIP/7.0"),
		);
		expect(statuses()).toEqual(["505"]);
	});

	it("is dropped when it cannot even be answered", () => {
		const { receive, wire, stack } = listening();
		for (const name of ["From", "To", "Call-ID", "CSeq", "Via"]) {
			const request = requestFromPeer("OPTIONS");
			request.headers.delete(name);
			receive(request);
		}
		expect(wire.sent).toEqual([]);
		expect(stack.counters.malformed).toBe(5);
	});

	it("gets 503 and Retry-After when too many requests are open, and keeps nothing", () => {
		const { receive, statuses, wire, stack } = listening({
			limits: { transactions: 2, bytes: 1 << 20 },
		});
		for (let call = 1; call <= 5; call += 1)
			receive(
				requestFromPeer("OPTIONS", {
					branch: `z9hG4bK${call}`,
					callId: `${call}`,
				}),
			);
		expect(statuses()).toEqual(["503", "503", "503"]);
		expect(wire.last.headers.get("retry-after")).toBe("5");
		expect(stack.open.servers).toBe(2);
		expect(stack.counters.overloaded).toBe(3);
	});

	it("gets 503 when the open requests are too large together, until they are forgotten", async () => {
		const { receive, statuses, clock } = listening({
			limits: { transactions: 100, bytes: 5_000 },
		});
		const send = (callId: string) =>
			receive(
				requestFromPeer("MESSAGE", {
					branch: `z9hG4bK${callId}`,
					callId,
					body: "x".repeat(2_000),
				}),
			);
		for (const callId of ["1", "2", "3"]) send(callId);
		expect(statuses()).toEqual(["503"]);
		await clock.advance(32_000);
		send("4");
		expect(statuses()).toEqual(["503"]);
	});

	it("never reaches anybody as an exception: a handler that throws answers 500", () => {
		const { stack, receive, statuses } = listening();
		stack.onRequest = () => {
			throw new Error("a bug");
		};
		receive(requestFromPeer("OPTIONS"));
		expect(statuses()).toEqual(["500"]);
		expect(stack.counters.faults).toBe(1);
	});
});
