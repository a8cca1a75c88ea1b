import type { Missed } from "../core/call.js";
import type { FlowEvent } from "../core/event.js";
import { type MissedOutcome, usualReasons } from "../core/outcome.js";
import { connect } from "../steps/connect.js";

/**
 * What an answered attempt of a callback counts as, from its flow's events: null if both were joined; else the attempt is missed
 * with the outcome of the party that was to be called back, or `canceled` where the entity hung up before.
 */
export function callbackMissed(events: Iterable<FlowEvent>): Missed | null {
	let outcome: MissedOutcome = "canceled";
	let said: string | null = null;
	for (const { type, data } of events) {
		if (type === "call.bridged") return null;
		if (type !== "step.finished" || data.step_type !== connect.type) continue;
		if (!isMissed(data.outcome)) continue;
		outcome = data.outcome;
		said = data.detail;
	}
	const detail = said === null ? {} : { detail: `the other party: ${said}` };
	return { outcome, reason: usualReasons[outcome], ...detail };
}

const isMissed = (outcome: string): outcome is MissedOutcome =>
	Object.hasOwn(usualReasons, outcome);
