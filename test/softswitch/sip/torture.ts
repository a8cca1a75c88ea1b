import { expect } from "vitest";
import type { SipRequest } from "../../../softswitch/sip/message.js";
import { parseMessage } from "../../../softswitch/sip/parse.js";
import { memoryStack, peer } from "./memory-wire.js";

/** Lines, each ended by CRLF. */
export const message = (...lines: string[]) => `${lines.join("\r\n")}\r\n`;
/** What every request must hold, and more. */
export const usual = (method = "OPTIONS", ...more: string[]) => [
	"Via: SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bK-t",
	"From: <sip:a@example.com>;tag=1",
	"To: <sip:b@example.com>",
	"Call-ID: torture",
	`CSeq: 1 ${method}`,
	...more,
];

/** What becomes of a message: `taken` by the handler, refused with a status, or nothing. */
export function fate(text: string): {
	end: string;
	request: SipRequest | undefined;
} {
	const { stack, wire } = memoryStack();
	let request: SipRequest | undefined;
	stack.onRequest = (one) => {
		request = one;
	};
	const parsed = parseMessage(Buffer.from(text));
	if (!parsed) return { end: "dropped", request };
	wire.onMessage(parsed, peer);
	expect(stack.counters.faults).toBe(0);
	if (request) return { end: "taken", request };
	const reply = wire.sent[0]?.message;
	return {
		end: reply?.kind === "response" ? String(reply.status) : "dropped",
		request,
	};
}
