import { randomInt } from "node:crypto";
import { newCallId, newTag } from "../sip/id.js";
import { type SipMessage, SipRequest } from "../sip/message.js";
import { bracketed, withTag } from "../sip/name-addr.js";
import type { SipStack } from "../sip/stack.js";
import { type Endpoint, endpointOf, hostPort, parseUri } from "../sip/uri.js";
import { Refusal } from "./refusal.js";

/** Headers that are not the client's to set (drachtio.cpp, m_setImmutableHdrs). */
const SERVERS = ["via", "route", "rseq", "record-route", "content-length"];
/** Headers that the dialog or the transaction answers for. */
const DIALOGS = new Set([...SERVERS, "from", "to", "call-id", "cseq"]);
const FIRST_LINES = new Set([...DIALOGS, "max-forwards", "contact"]);
const ADDRESSES = new Set(["from", "to", "contact", "p-asserted-identity"]);
const METHODS_WITH_CONTACT = new Set(["INVITE", "SUBSCRIBE", "REFER"]);
/** RFC 3261 §8.1.1.5 leaves room for what a call may count up to. */
const FIRST_SEQUENCE = 1 << 24;

/** Completes a request outside a dialog: srf sends no more than it must. */
export function completeRequest(
	given: SipRequest,
	stack: SipStack,
): SipRequest {
	refuseUnknownExtensions(given);
	typeBody(given, true);
	const { method, uri } = given;
	const request = new SipRequest(method, uri);
	const { headers } = request;
	const address = (name: string, otherwise: string) =>
		bracketed(localised(given.headers.get(name) ?? otherwise, stack));
	const transport = endpointOf(uri)?.transport ?? "udp";
	const contact = stack.contact("", transport);
	const sequence = given.cseq.number;
	headers.add("Max-Forwards", given.headers.get("max-forwards") ?? "70");
	headers.add("From", withTag(address("from", stack.contact()), newTag()));
	headers.add("To", address("to", `<${uri}>`));
	headers.add("Call-ID", given.callId || newCallId());
	headers.add(
		"CSeq",
		`${sequence < 0 ? randomInt(1, FIRST_SEQUENCE) : sequence} ${method}`,
	);
	const ownContact = given.headers.get("contact");
	if (ownContact === "*") headers.add("Contact", "*");
	else if (ownContact !== undefined || METHODS_WITH_CONTACT.has(method))
		headers.add("Contact", address("contact", contact));
	copyHeaders(given, request, FIRST_LINES, stack);
	request.body = given.body;
	return request;
}

/** Where a request outside a dialog goes: to the proxy if one is named, else to its Request-URI. */
export function destinationOf(
	given: SipRequest,
	proxy: string,
	stack: SipStack,
): Endpoint {
	if (!/^sips?:/i.test(given.uri) || !parseUri(given.uri))
		throw new Refusal(
			`invalid request-uri: ${given.method} ${given.uri} SIP/2.0`,
		);
	const target = endpointOf(given.uri);
	const next =
		proxy === "" ? target : (endpointOf(proxy) ?? endpointOf(`sip:${proxy}`));
	if (!next) throw new Refusal("requested protocol/transport not available");
	for (const one of [target, next])
		if (one && stack.isSelf(one))
			throw new Refusal("can not send request to myself");
	return next;
}

/** Copies what the client may set into a message of the dialog's. */
export function copyDialogHeaders(
	given: SipMessage,
	message: SipMessage,
	stack: SipStack,
): void {
	copyHeaders(given, message, DIALOGS, stack);
	message.body = given.body;
}

/** What a CANCEL may hold besides what it shares with its INVITE (drachtio.cpp, makeSafeTags). */
export function cancelHeaders(given: SipRequest): Record<string, string> {
	const headers: Record<string, string> = {};
	for (const { key, name, value } of given.headers)
		if (!FIRST_LINES.has(key) && key !== "content-type") headers[name] = value;
	return headers;
}

/** A body is SDP if it looks like it; another must say what it is. */
export function typeBody(given: SipMessage, required: boolean): void {
	if (given.body === "" || given.headers.has("content-type")) return;
	if (given.body.startsWith("v=0"))
		given.headers.add("Content-Type", "application/sdp");
	else if (required) throw new Refusal("missing content-type");
}

/** What is not emulated is refused by name rather than sent without anybody to see it through. */
export function refuseUnknownExtensions(given: SipMessage): void {
	if (/100rel/i.test(given.headers.get("require") ?? ""))
		throw new Refusal("reliable provisional responses are not emulated");
	if (given.kind !== "request") return;
	if (given.method === "PRACK" || given.method === "SUBSCRIBE")
		throw new Refusal(`${given.method} is not emulated`);
}

function copyHeaders(
	given: SipMessage,
	message: SipMessage,
	except: ReadonlySet<string>,
	stack: SipStack,
): void {
	const seen = new Set<string>();
	for (const { key, name, value } of given.headers) {
		if (except.has(key)) continue;
		const own = ADDRESSES.has(key) ? localised(value, stack) : value;
		// The first of a name replaces what the dialog put there, as its Contact; others are added.
		if (seen.has(key)) message.headers.add(name, own);
		else message.headers.set(name, own);
		seen.add(key);
	}
}

/** srf writes `localhost` for the server's own address and port. */
function localised(value: string, { address }: SipStack): string {
	return value.replace(
		/(sips?:(?:[^@\s<>]*@)?)localhost(?::\d+)?(?=[;?>\s]|$)/i,
		(_all, before: string) =>
			`${before}${hostPort(address.host, address.port)}`,
	);
}
