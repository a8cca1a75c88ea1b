import { Fault } from "../core/fault.js";

// Every value that goes to the event socket or into a SIP header passes one of these. Measured on a stock FreeSWITCH: `${system …}`
// or a line break inside an argument runs commands; a CR/LF in a header value becomes a header of its own.

/** What an event-socket argument may hold: paths the service made, uuids, fixed words and tones; no space, quote, brace, `$`, `!`, `|`, line break. */
const ARGUMENT = /^[A-Za-z0-9/_.:;=%(),+-]*$/;

/** An argument of an event-socket command, made of words separated by single spaces. Throws for anything else: it would be a bug here. */
export function argument(...words: string[]): string {
	for (const word of words)
		if (!ARGUMENT.test(word) || word === "")
			throw new Fault(
				"INTERNAL",
				"a value that must not reach the event socket was stopped",
			);
	return words.join(" ");
}

/** The question for a channel's media statistics, the only argument that is JSON; a uuid is FreeSWITCH's own. */
export function mediaStatsArgument(uuid: string): string {
	const data = { uuid: argument(uuid) };
	return JSON.stringify({ command: "mediaStats", data });
}

/** Digits to send, pauses among them, each as long as it says (switch_core_session_send_dtmf_string). */
export function digitsArgument(digits: string, durationMs?: number): string {
	if (!/^[0-9A-DwW*#]{1,64}$/.test(digits))
		throw new Fault("INTERNAL", "digits that are none were stopped");
	return durationMs === undefined
		? digits
		: `${digits}@${Math.round(durationMs)}`;
}

/** A path must pass `argument`; checked once for DATA_DIR at start. */
export const isSafePath = (path: string): boolean => ARGUMENT.test(path);

/** A header value on one line: control characters (C0, DEL, C1) and line separators become spaces. */
export function headerValue(text: string): string {
	return text
		.replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
		.trim()
		.slice(0, 1024);
}

/** The user part of a SIP address: RFC 3261 §25.1 unreserved and a few user-unreserved characters, nothing escaped; empty → anonymous. */
export function sipUser(text: string): string {
	const kept = text.replace(/[^A-Za-z0-9+*#_.-]/g, "").slice(0, 128);
	return kept === "" ? "anonymous" : kept.replaceAll("#", "%23");
}

/** Throws for what is no header's name (RFC 3261 §25.1, token): the flow's check has let it through. */
export function headerName(text: string): string {
	if (/^[A-Za-z0-9-]{1,64}$/.test(text)) return text;
	throw new Fault("INTERNAL", "a name that is no SIP header's was stopped");
}

export const bracket = (host: string): string =>
	host.includes(":") ? `[${host}]` : host;
