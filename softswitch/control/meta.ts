import type { Clock } from "../../core/clock.js";
import type { Endpoint } from "../sip/uri.js";

export type Source = "application" | "network";

/** Time of day as drachtio-server writes it: `HH:MM:SS.microseconds`, UTC. */
export function timeOfDay(clock: Clock): string {
	return `${new Date(clock.now()).toISOString().slice(11, 23)}000`;
}

/**
 * What stands before each SIP message on the control connection (drachtio.h, SipMsgData_t): source, length in bytes,
 * protocol, address, port and time. Of what the stack made itself, there is no address: `network|0|udp||0|time`.
 */
export function metaOf(
	source: Source,
	text: string,
	peer: Endpoint | null,
	clock: Clock,
): string {
	const place = peer
		? `${Buffer.byteLength(text)}|${peer.transport}|${peer.host}|${peer.port}`
		: "0|udp||0";
	return `${source}|${place}|${timeOfDay(clock)}`;
}
