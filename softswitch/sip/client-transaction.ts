import type { Clock } from "../../core/clock.js";
import { type Content, SipRequest, type SipResponse } from "./message.js";
import type { Endpoint } from "./uri.js";

/**
 * Each provisional response but 100, and one final response. `source` is where it came from; null when this stack made
 * it itself: 408 because nobody answered in 32 s, 503 because the peer cannot be reached.
 */
export type OnResponse = (
	response: SipResponse,
	source: Endpoint | null,
) => void;

/** What a client transaction needs of the stack. */
export interface ClientHost {
	readonly clock: Clock;
	/** Tag that To gets in responses made here. */
	readonly localTag: string;
	send(text: string, to: Endpoint): void;
	/** Puts a new Via on it and sends it; `sent` gets the text and the address, for when it has to be sent again. */
	sendAck(
		ack: SipRequest,
		to: Endpoint,
		sent: (text: string, to: Endpoint) => void,
	): void;
	startCancel(cancel: SipRequest, to: Endpoint): void;
	/** Another branch of a forked INVITE has answered too: it is acknowledged and, the first time, hung up. */
	hangUpFork(
		invite: SipRequest,
		answer: SipResponse,
		source: Endpoint,
		again: boolean,
	): void;
	/** No response is awaited any longer: what the peer's unreachability means to it is over. */
	settled(transaction: RunningClientTransaction): void;
	ended(transaction: RunningClientTransaction): void;
}

/** A request that was sent, until nothing more can come of it (RFC 3261 §17.1, RFC 6026). */
export interface ClientTransaction {
	/** As sent, with Via. */
	readonly request: SipRequest;
	readonly destination: Endpoint;
	/**
	 * Cancels an INVITE (RFC 3261 §9.1): returns the CANCEL, which is held until the peer has sent a provisional response.
	 * Null if it is no INVITE, has its final response, or is being cancelled already. The outcome is the INVITE's final response.
	 */
	cancel(content?: Content): SipRequest | null;
	/**
	 * Acknowledges a 2xx. `ack` is built by Dialog.ack; it is sent again for every retransmitted 2xx. Acknowledging other
	 * final responses is not the caller's work.
	 */
	ack(ack: SipRequest, destination: Endpoint): void;
}

/** What the stack calls. */
export interface RunningClientTransaction extends ClientTransaction {
	/** Its host becomes an address once it has been looked up, before `start`. */
	destination: Endpoint;
	start(): void;
	receive(response: SipResponse, source: Endpoint): void;
	/** The peer cannot be reached (RFC 3261 §17.1.4). */
	unreachable(): void;
	/** Stops every timer without another word. */
	stop(): void;
}

/** RFC 3261 §9.1: same Via, Request-URI, Call-ID, To, From and Route as the INVITE. */
export function cancelOf(invite: SipRequest, content: Content): SipRequest {
	const cancel = new SipRequest("CANCEL", invite.uri);
	copyInviteHeaders(invite, cancel);
	cancel.headers.add("To", invite.headers.get("to") ?? "");
	return cancel.with(content);
}

/** RFC 3261 §17.1.1.3: the ACK for a final response other than 2xx. */
export function ackOf(invite: SipRequest, response: SipResponse): SipRequest {
	const ack = new SipRequest("ACK", invite.uri);
	copyInviteHeaders(invite, ack);
	ack.headers.add("To", response.headers.get("to") ?? "");
	return ack;
}

function copyInviteHeaders(invite: SipRequest, request: SipRequest): void {
	const { headers } = request;
	headers.add("Via", invite.headers.get("via") ?? "");
	headers.add("Max-Forwards", "70");
	headers.add("From", invite.headers.get("from") ?? "");
	headers.add("Call-ID", invite.callId);
	headers.add("CSeq", `${invite.cseq.number} ${request.method}`);
	for (const route of invite.headers.all("route")) headers.add("Route", route);
}
