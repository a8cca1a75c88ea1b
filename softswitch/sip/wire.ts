import type { SipMessage } from "./message.js";
import type { Endpoint } from "./uri.js";

/** What carries messages: sockets, or something in memory for tests. Hosts are addresses, never names. */
export interface Wire {
	/** A request or ACK. What cannot be delivered is told through onUnreachable, at once or later. */
	send(text: string, to: Endpoint): void;
	/** A response: by the connection its request came on, or to its source (RFC 3581 §4). */
	reply(text: string, to: Endpoint): void;
	onMessage: (message: SipMessage, from: Endpoint) => void;
	/** The peer cannot be reached: ICMP said so, or no connection could be made or kept. */
	onUnreachable: (to: Endpoint) => void;
	close(): Promise<void>;
}
