import type { Clock } from "../../core/clock.js";
import type { Content, SipRequest, SipResponse } from "./message.js";
import type { Endpoint } from "./uri.js";

/** What a server transaction needs of the stack. */
export interface ServerHost {
	readonly clock: Clock;
	reply(text: string, to: Endpoint): void;
	/** The request was answered with 2xx: its ACK comes in a transaction of its own. */
	awaitAck(transaction: RunningServerTransaction, answer: SipResponse): void;
	ended(transaction: RunningServerTransaction): void;
}

/** A request that came in (RFC 3261 §17.2). Retransmissions of it are dealt with here and seen by nobody else. */
export interface ServerTransaction {
	readonly request: SipRequest;
	readonly source: Endpoint;
	/** Tag that To gets in responses, unless the request has one already. May be changed before the first response. */
	localTag: string;
	/** An INVITE was cancelled before its final response; 200 and 487 have been sent already. */
	onCancel: (cancel: SipRequest) => void;
	/** The 2xx to an INVITE was acknowledged; called once. */
	onAck: (ack: SipRequest) => void;
	/** The 2xx to an INVITE was sent for 32 s and never acknowledged: the caller should hang up (RFC 3261 §13.3.1.4). */
	onAckTimeout: () => void;
	/** Nobody answered the request in time: 32 s, or 10 minutes for an INVITE, which has got 480. */
	onAbandoned: () => void;
	/** Whether a final response has been sent. */
	readonly answered: boolean;
	/**
	 * Sends a response made by responseTo. False if a final response went out before; nothing is sent then. A 2xx to an
	 * INVITE must hold a Contact, and is sent again until its ACK comes.
	 */
	respond(response: SipResponse): boolean;
	/** Makes a response and sends it; null if a final response went out before. */
	reply(
		status: number,
		content?: Content & { reason?: string },
	): SipResponse | null;
}

/** What the stack calls. */
export interface RunningServerTransaction extends ServerTransaction {
	readonly key: string;
	/** The same request came again. */
	repeated(): void;
	/** An ACK came in this transaction: for a final response other than 2xx. */
	acknowledged(): void;
	/** The ACK of a 2xx came. */
	confirmed(ack: SipRequest): void;
	/** Stops every timer without another word. */
	stop(): void;
}
