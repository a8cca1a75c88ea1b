import { type SipMessage, SipRequest, SipResponse } from "./message.js";
import { splitList } from "./parameters.js";

/** The largest message taken, in bytes: what fits in one UDP datagram. */
export const MAX_MESSAGE_BYTES = 65_535;
/** Members of a Via or Route list count each. */
const MAX_HEADERS = 256;
const HEADER_END = Buffer.from("\r\n\r\n");
const LISTS = new Set(["via", "route", "record-route"]);
/** RFC 3261 §20: these may stand in a message only once. */
const SINGLE = new Set([
	"from",
	"to",
	"call-id",
	"cseq",
	"max-forwards",
	"content-length",
	"content-type",
]);
const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

/**
 * Reads one message that fills `bytes` (a datagram, or a frame already cut by Content-Length). Returns null for what is
 * no SIP message; never throws. A message that can be read but breaks a rule comes back with `defect` set.
 */
export function parseMessage(bytes: Buffer): SipMessage | null {
	if (bytes.length > MAX_MESSAGE_BYTES) return null;
	const start = skipBlankLines(bytes);
	const end = bytes.indexOf(HEADER_END, start);
	if (end < 0) return null;
	const message = parseHead(bytes.toString("utf8", start, end));
	if (!message) return null;
	message.size = bytes.length;
	readBody(message, bytes, end + HEADER_END.length);
	return message;
}

/** As parseMessage, for text without a Content-Length to trust: everything after the blank line is the body. */
export function parseText(text: string): SipMessage | null {
	const end = text.indexOf("\r\n\r\n");
	const message = parseHead(
		end < 0 ? text.replace(/(\r\n)+$/, "") : text.slice(0, end),
	);
	if (message && end >= 0) message.body = text.slice(end + 4);
	return message;
}

/** The start line and headers, without the blank line that ends them. */
export function parseHead(head: string): SipMessage | null {
	// A bare CR or LF ends a line for some parsers and not for others: a message that holds one is not passed on.
	if (/\0|\r(?!\n)|(?:^|[^\r])\n/.test(head)) return null;
	const lines = head.split("\r\n");
	const message = parseStartLine(lines[0] ?? "");
	if (!message || !parseHeaders(message, lines)) return null;
	if (message.defect === null) message.defect = duplicates(message);
	return message;
}

/** RFC 3261 §7.5: CRLF before the start line is ignored. */
function skipBlankLines(bytes: Buffer): number {
	let at = 0;
	while (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) at += 2;
	return at;
}

function parseStartLine(line: string): SipMessage | null {
	const first = line.indexOf(" ");
	const second = line.indexOf(" ", first + 1);
	if (first < 1) return null;
	const head = line.slice(0, first);
	if (head.toUpperCase() === "SIP/2.0") {
		const status = line.slice(first + 1, second < 0 ? line.length : second);
		if (!/^[1-6]\d\d$/.test(status)) return null;
		return new SipResponse(
			Number(status),
			second < 0 ? "" : line.slice(second + 1),
		);
	}
	if (second < 0 || !TOKEN.test(head)) return null;
	const version = line.slice(second + 1);
	if (!/^SIP\/\d+\.\d+$/i.test(version)) return null;
	const request = new SipRequest(head, line.slice(first + 1, second));
	if (version.toUpperCase() !== "SIP/2.0") request.defect = "version";
	return request;
}

function parseHeaders(message: SipMessage, lines: string[]): boolean {
	for (let at = 1; at < lines.length; at += 1) {
		const line = lines[at] ?? "";
		const colon = line.indexOf(":");
		const name = line.slice(0, Math.max(colon, 0)).trimEnd();
		if (!TOKEN.test(name)) return false;
		let value = line.slice(colon + 1);
		// RFC 3261 §7.3.1: a line that starts with white space continues the one before
		while (/^[ \t]/.test(lines[at + 1] ?? "")) {
			at += 1;
			value += ` ${lines[at]?.trim()}`;
		}
		addHeader(message, name, value.trim());
		if (message.headers.size > MAX_HEADERS) return false;
	}
	return true;
}

function addHeader(message: SipMessage, name: string, value: string): void {
	const { headers } = message;
	const key =
		name.length === 1 && name.toLowerCase() === "v"
			? "via"
			: name.toLowerCase();
	if (LISTS.has(key) && value.includes(","))
		for (const member of splitList(value)) headers.add(name, member);
	else headers.add(name, value);
}

function duplicates(message: SipMessage): string | null {
	const seen = new Set<string>();
	for (const { key } of message.headers) {
		if (!SINGLE.has(key)) continue;
		if (seen.has(key)) return `more than one ${key}`;
		seen.add(key);
	}
	return null;
}

/** RFC 3261 §18.3: bytes past Content-Length are dropped; too few make the message bad; without it the rest is the body. */
function readBody(message: SipMessage, bytes: Buffer, start: number): void {
	const given = message.headers.get("content-length");
	const available = bytes.length - start;
	let length = available;
	if (given !== undefined) {
		if (!/^\d{1,9}$/.test(given)) message.defect ??= "Content-Length";
		else if (Number(given) > available) message.defect ??= "body cut short";
		else length = Number(given);
	}
	message.body = bytes.toString("utf8", start, start + length);
}
