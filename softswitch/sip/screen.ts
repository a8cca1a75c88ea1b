import type { SipMessage, SipRequest } from "./message.js";

/** Methods a request may have; others get 405. */
export const METHODS = [
	"INVITE",
	"ACK",
	"CANCEL",
	"BYE",
	"OPTIONS",
	"INFO",
	"UPDATE",
	"REFER",
	"NOTIFY",
	"MESSAGE",
	"REGISTER",
	"SUBSCRIBE",
	"PUBLISH",
	"PRACK",
] as const;

const known = new Set<string>(METHODS);
const VIA = /^SIP\s*\/\s*2\.0\s*\/\s*[A-Za-z0-9]+\s+[^\s;]/i;

/** Whether it holds enough to tell which transaction it belongs to, and so to answer it (RFC 3261 §8.1.1). */
export function isAddressed(message: SipMessage): boolean {
	const { headers } = message;
	return (
		VIA.test(headers.get("via") ?? "") &&
		message.callId !== "" &&
		message.cseq.number >= 0 &&
		headers.has("from") &&
		headers.has("to")
	);
}

/** Why a request cannot be taken, null if it can. */
export function refusalOf(request: SipRequest): {
	status: number;
	headers?: Record<string, string>;
	reason?: string;
} | null {
	if (request.defect === "version") return { status: 505 };
	if (request.defect !== null)
		return { status: 400, reason: `Bad Request (${request.defect})` };
	if (request.cseq.method !== request.method)
		return { status: 400, reason: "Bad Request (CSeq method)" };
	if (!known.has(request.method))
		return { status: 405, headers: { Allow: METHODS.join(", ") } };
	const required = request.headers.get("require");
	// RFC 3261 §8.2.2.3: no extension is supported, and ACK and CANCEL are never refused for one
	if (required && request.method !== "ACK" && request.method !== "CANCEL")
		return { status: 420, headers: { Unsupported: required } };
	return null;
}
