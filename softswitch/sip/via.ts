import { BRANCH_COOKIE } from "./id.js";
import type { SipRequest } from "./message.js";
import { parameter } from "./parameters.js";
import type { Endpoint } from "./uri.js";

/** Notes in the topmost Via where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4). */
export function stampVia(request: SipRequest, source: Endpoint): void {
	const via = request.headers.get("via") ?? "";
	const asked = /;\s*rport\s*(?=;|$)/i;
	const sentBy = via.slice(0, endOfSentBy(via)).split(/\s+/).pop() ?? "";
	if (asked.test(via))
		request.headers.setFirst(
			"via",
			`${via.replace(asked, `;rport=${source.port}`)};received=${source.host}`,
		);
	else if (sentBy.replace(/:\d+$/, "") !== source.host)
		request.headers.setFirst("via", `${via};received=${source.host}`);
}

/**
 * What an ACK or CANCEL and a retransmission share with the INVITE they belong to (RFC 3261 §17.2.3): branch and sent-by,
 * or, from peers older than that RFC, what identified a request before.
 */
export function serverKey(request: SipRequest, method: string): string {
	const via = request.headers.get("via") ?? "";
	const branch = parameter(via, "branch") ?? "";
	const sentBy = via.slice(0, endOfSentBy(via));
	const unique =
		branch.startsWith(BRANCH_COOKIE) && branch.length > BRANCH_COOKIE.length;
	if (unique) return `${branch} ${sentBy} ${method}`;
	return `${request.callId} ${request.cseq.number} ${request.fromTag} ${request.uri} ${sentBy} ${method}`;
}

function endOfSentBy(via: string): number {
	const semicolon = via.indexOf(";");
	return semicolon < 0 ? via.length : semicolon;
}
