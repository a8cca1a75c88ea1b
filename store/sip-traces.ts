import type { SipMessage } from "../core/sip-trace.js";

/** The SIP messages of one attempt. */
export interface KeptTrace {
	attempt: number;
	messages: readonly SipMessage[];
}

/** Kept for as long as their call is. */
export interface SipTraces {
	/** Kept with what else is asked for at the same time; a second one of the same attempt is left out. */
	keepSip(callId: string, trace: KeptTrace): Promise<void>;
	/** By attempt; none if the call is not this account's. */
	sip(
		cloudId: string,
		id: string,
		attempt: number | undefined,
	): Promise<KeptTrace[]>;
}
