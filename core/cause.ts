import { type Reason, reasons } from "./outcome.js";

/** Causes that networks give (ITU-T Q.850, table 1), their names shortened. */
export const q850Names: Readonly<Record<number, string>> = {
	1: "unallocated number",
	2: "no route to transit network",
	3: "no route to destination",
	6: "channel unacceptable",
	16: "normal call clearing",
	17: "user busy",
	18: "no user responding",
	19: "no answer from user",
	20: "subscriber absent",
	21: "call rejected",
	22: "number changed",
	27: "destination out of order",
	28: "invalid number format",
	29: "facility rejected",
	31: "normal, unspecified",
	34: "no circuit available",
	38: "network out of order",
	41: "temporary failure",
	42: "switching equipment congestion",
	44: "requested circuit not available",
	47: "resource unavailable",
	50: "facility not subscribed",
	55: "incoming calls barred",
	57: "bearer capability not authorized",
	58: "bearer capability not available",
	63: "service not available",
	65: "bearer capability not implemented",
	79: "service not implemented",
	88: "incompatible destination",
	102: "recovery on timer expiry",
	111: "protocol error",
	127: "interworking",
};

/** What is known of an end. */
export interface EndFacts {
	reason: Reason;
	sipStatus?: number | null | undefined;
	q850Cause?: number | null | undefined;
	detail?: string | null | undefined;
	/** How long it rang, seconds. */
	ringS?: number | null | undefined;
}

/** Why it ended, in one sentence for a person: `The callee's phone was busy (SIP 486, Q.850 17: user busy)`. */
export function causeOf(facts: EndFacts): string {
	const { reason, detail } = facts;
	const codes = codesOf(facts);
	return [
		said(facts, reasons[reason].replace(/\.$/, "")),
		codes && ` (${codes})`,
		detail && `: ${detail}`,
	]
		.filter(Boolean)
		.join("");
}

function said({ reason, ringS }: EndFacts, words: string): string {
	const seconds = Math.round(ringS ?? 0);
	if (reason !== "ring_timeout" || seconds === 0) return words;
	return `Nobody answered within ${seconds} second${seconds === 1 ? "" : "s"}`;
}

function codesOf({ sipStatus, q850Cause }: EndFacts): string {
	const codes: string[] = [];
	// an answer is no cause
	if (sipStatus != null && sipStatus >= 300) codes.push(`SIP ${sipStatus}`);
	if (q850Cause != null) {
		const name = q850Names[q850Cause];
		codes.push(`Q.850 ${q850Cause}${name ? `: ${name}` : ""}`);
	}
	return codes.join(", ");
}
