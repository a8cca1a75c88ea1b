import { type Content, SipRequest, type SipResponse } from "./message.js";
import { tagOf, uriOf } from "./name-addr.js";
import { type Endpoint, endpointOf, parseUri } from "./uri.js";

interface Parts {
	callId: string;
	local: string;
	remote: string;
	target: string;
	routes: string[];
	localSequence: number;
	remoteSequence: number;
	contact: string;
}

/** Requests that must hold a Contact (RFC 3261 §20, RFC 3311, 3515, 6665). */
const WITH_CONTACT = new Set([
	"INVITE",
	"UPDATE",
	"REFER",
	"SUBSCRIBE",
	"NOTIFY",
]);

/** One end of an INVITE dialog (RFC 3261 §12): builds in-dialog requests, checks and follows those that come in. */
export class Dialog {
	readonly callId: string;
	/** Our From value in requests, with our tag. */
	readonly local: string;
	/** Our To value in requests, with the peer's tag. */
	readonly remote: string;
	/** Our Contact value, sent in re-INVITE and UPDATE. */
	readonly contact: string;
	/** URI that requests are addressed to: the peer's Contact, newest first. */
	target: string;
	/** Route values, in order. */
	readonly routes: readonly string[];
	/** Set when requests go to where the peer's packet came from rather than to the URI (see `pinTo`). */
	private pinned: Endpoint | null = null;
	private localSequence: number;
	private remoteSequence: number;

	private constructor(parts: Parts) {
		this.callId = parts.callId;
		this.local = parts.local;
		this.remote = parts.remote;
		this.contact = parts.contact;
		this.target = parts.target;
		this.routes = parts.routes;
		this.localSequence = parts.localSequence;
		this.remoteSequence = parts.remoteSequence;
	}

	/** The caller's side, from the INVITE it sent and the 2xx it got (RFC 3261 §12.1.2). */
	static ofCaller(invite: SipRequest, answer: SipResponse): Dialog {
		return new Dialog({
			callId: invite.callId,
			local: invite.headers.get("from") ?? "",
			remote: answer.headers.get("to") ?? "",
			target: contactUri(answer) ?? invite.uri,
			routes: recordedRoutes(answer).reverse(),
			localSequence: invite.cseq.number,
			remoteSequence: -1,
			contact: invite.headers.get("contact") ?? "",
		});
	}

	/** The callee's side, from the INVITE it got and the 2xx it sends (RFC 3261 §12.1.1). */
	static ofCallee(invite: SipRequest, answer: SipResponse): Dialog {
		return new Dialog({
			callId: invite.callId,
			local: answer.headers.get("to") ?? "",
			remote: invite.headers.get("from") ?? "",
			target: contactUri(invite) ?? sipUri(invite, "from") ?? invite.uri,
			routes: recordedRoutes(invite),
			localSequence: 0,
			remoteSequence: invite.cseq.number,
			contact: answer.headers.get("contact") ?? "",
		});
	}

	get localTag(): string {
		return tagOf(this.local);
	}

	get remoteTag(): string {
		return tagOf(this.remote);
	}

	/** CSeq number of the newest request sent. */
	get sequence(): number {
		return this.localSequence;
	}

	/**
	 * A peer behind NAT names an address in its Contact that cannot be reached: unless a proxy recorded a route, or the
	 * Contact is where the packet came from, requests go to that source.
	 */
	pinTo(source: Endpoint): void {
		const host = parseUri(this.target)?.host;
		if (this.routes.length === 0 && host !== source.host) this.pinned = source;
	}

	/**
	 * A request within the dialog, with the next CSeq (or `sequence`, if that is higher), and with our Contact where
	 * there must be one.
	 */
	request(method: string, content: Content = {}, sequence = 0): SipRequest {
		this.localSequence = Math.max(this.localSequence + 1, sequence);
		const request = this.build(method, this.localSequence);
		if (WITH_CONTACT.has(method)) request.headers.set("Contact", this.contact);
		return request.with(content);
	}

	/** The ACK for a 2xx (RFC 3261 §13.2.2.4): `sequence` is the CSeq number of the INVITE. */
	ack(sequence: number, content: Content = {}): SipRequest {
		return this.build("ACK", sequence).with(content);
	}

	/**
	 * Takes note of a request that came in: false if its CSeq is not above the last one's (answer 500, RFC 3261 §12.2.2).
	 * INVITE and UPDATE move the remote target.
	 */
	accepts(request: SipRequest): boolean {
		const { number } = request.cseq;
		if (number <= this.remoteSequence) return false;
		this.remoteSequence = number;
		this.refresh(request);
		return true;
	}

	/** Moves the remote target to the Contact of an INVITE or UPDATE, or of a 2xx to one (RFC 3261 §12.2.1.2). */
	refresh(message: SipRequest | SipResponse): void {
		const { method } = message.cseq;
		if (method !== "INVITE" && method !== "UPDATE") return;
		if (message.kind === "response" && message.status >= 300) return;
		this.target = contactUri(message) ?? this.target;
	}

	/** What an earlier process knew of it last. */
	moveTo({ sequence, target }: { sequence: number; target: string }): void {
		this.localSequence = sequence;
		this.target = target;
	}

	/** Where a request of this dialog goes; null if the target cannot be reached by UDP or TCP. */
	nextHop(): Endpoint | null {
		const first = this.routes[0];
		return this.pinned ?? endpointOf(first ? uriOf(first) : this.target);
	}

	private build(method: string, sequence: number): SipRequest {
		const first = this.routes[0];
		const strict = first !== undefined && !parseUri(uriOf(first))?.loose;
		// RFC 3261 §12.2.1.1: a strict router finds itself in the Request-URI and the target last in Route
		const uri = strict ? uriOf(first) : this.target;
		const routes = strict
			? [...this.routes.slice(1), `<${this.target}>`]
			: this.routes;
		const request = new SipRequest(method, uri);
		const { headers } = request;
		for (const route of routes) headers.add("Route", route);
		headers.add("Max-Forwards", "70");
		headers.add("From", this.local);
		headers.add("To", this.remote);
		headers.add("Call-ID", this.callId);
		headers.add("CSeq", `${sequence} ${method}`);
		return request;
	}
}

/** Where the far end wants to be reached; undefined if it does not say, or nothing that makes sense. */
export function contactUri(
	message: SipRequest | SipResponse,
): string | undefined {
	return sipUri(message, "contact");
}

function sipUri(
	{ headers }: SipRequest | SipResponse,
	name: "contact" | "from",
): string | undefined {
	const uri = uriOf(headers.get(name) ?? "");
	return parseUri(uri) ? uri : undefined;
}

/** Those that a request can be sent along. */
function recordedRoutes({ headers }: SipRequest | SipResponse): string[] {
	return headers
		.all("record-route")
		.filter((route) => parseUri(uriOf(route)) !== null);
}
