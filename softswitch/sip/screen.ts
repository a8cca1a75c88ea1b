import type { SipMessage, SipRequest } from "./message.js";
import { isBalanced, splitList } from "./parameters.js";

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
/** The one extension: session timers (RFC 4028). */
const SUPPORTED = "timer";
const SCHEME = /^(sips?|tel):/i;
const VIA = /^SIP\s*\/\s*2\.0\s*\/\s*[A-Za-z0-9]+\s+[^\s;]/i;

/** Whether it holds enough to tell which transaction it belongs to, and so to answer it (RFC 3261 §8.1.1). */
export function isAddressed(message: SipMessage): boolean {
	const { headers } = message;
	return (
		VIA.test(headers.get("via") ?? "") &&
		message.callId !== "" &&
		headers.has("cseq") &&
		headers.has("from") &&
		headers.has("to")
	);
}

export interface Refusal {
	status: number;
	reason?: string;
	headers?: Record<string, string>;
}

/** Why a request cannot be taken, null if it can. */
export function refusalOf(request: SipRequest): Refusal | null {
	if (request.defect === "version") return { status: 505 };
	const flaw = request.defect ?? flawOf(request);
	if (flaw !== null) return { status: 400, reason: `Bad Request (${flaw})` };
	if (!known.has(request.method))
		return { status: 405, headers: { Allow: METHODS.join(", ") } };
	if (!SCHEME.test(request.uri)) return { status: 416 };
	// RFC 3261 §8.2.2.3: ACK and CANCEL are never refused for an extension
	if (request.method === "ACK" || request.method === "CANCEL") return null;
	const unknown = request.headers
		.all("require")
		.flatMap(splitList)
		.filter((option) => option.toLowerCase() !== SUPPORTED);
	if (unknown.length === 0) return null;
	return { status: 420, headers: { Unsupported: unknown.join(", ") } };
}

function flawOf({ uri, method, cseq, headers }: SipRequest): string | null {
	if (!/^[A-Za-z][A-Za-z0-9+.-]*:\S/.test(uri)) return "Request-URI";
	if (cseq.number < 0 || cseq.method !== method) return "CSeq";
	for (const name of ["From", "To"])
		if (!isBalanced(headers.get(name) ?? "")) return name;
	return null;
}
