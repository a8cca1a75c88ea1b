import type { SipMessage } from "../core/sip-trace.js";

/** Takes a message of a dialog as it went over the wire. */
export type TakeSip = (
	direction: SipMessage["direction"],
	text: string,
) => void;

const CALL_ID = /^(?:Call-ID|i)[ \t]*:[ \t]*(\S+)/im;

/**
 * Sees what drachtio-server tells of SIP, and passes on what belongs to a dialog that is watched: `sip|network|…` is a message that
 * came, `response|id|OK|application|…` how one reads that srf has sent (drachtio-srf 5.0.29, lib/drachtio-agent.js, _onMsg). One that
 * came from no address (`sip|network|0|udp||0|…`) the stack has made itself.
 */
export class SipTap {
	readonly #watched = new Map<string, TakeSip>();

	/** From now until `ended` aborts. */
	watch(callId: string, take: TakeSip, ended: AbortSignal): void {
		if (ended.aborted) return;
		this.#watched.set(callId, take);
		const forget = () => this.#watched.delete(callId);
		ended.addEventListener("abort", forget, { once: true });
	}

	/** A message of the control connection. */
	see(message: string): void {
		if (this.#watched.size === 0) return;
		const end = message.indexOf("\r\n");
		if (end < 0) return;
		const [, kind, source, verdict, , address] = message
			.slice(0, end)
			.split("|", 6);
		if (kind !== "sip" && !(kind === "response" && verdict === "OK")) return;
		const isReceived = kind === "sip" && source === "network";
		const text = message.slice(end + 2);
		const take = this.#watched.get(CALL_ID.exec(text)?.[1] ?? "");
		const received = address === "" ? "own" : "received";
		take?.(isReceived ? received : "sent", text);
	}
}
