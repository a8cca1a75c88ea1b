import type { FlowEvent } from "../core/event.js";
import type { MissedOutcome, Reason } from "../core/outcome.js";
import { connect } from "../steps/connect.js";

/** Why the other party was not reached, as far as its outcome tells. */
const reasons: Record<MissedOutcome, Reason> = {
	busy: "busy",
	no_answer: "ring_timeout",
	declined: "rejected",
	wrong_number: "unknown_number",
	unreachable: "no_route",
	failed: "sip_error",
	canceled: "callee_hung_up",
	interrupted: "engine_lost",
};

/**
 * What an answered attempt of a callback counts as, from its flow's events: null if both were joined; else the attempt is missed
 * with the outcome of the party that was to be called back, or `canceled` where the entity hung up before.
 */
export function callbackMissed(
	events: Iterable<FlowEvent>,
): { outcome: MissedOutcome; reason: Reason } | null {
	let outcome: MissedOutcome = "canceled";
	for (const { type, data } of events) {
		if (type === "call.bridged") return null;
		if (type !== "step.finished" || data.step_type !== connect.type) continue;
		if (isMissed(data.outcome)) outcome = data.outcome;
	}
	return { outcome, reason: reasons[outcome] };
}

const isMissed = (outcome: string): outcome is MissedOutcome =>
	Object.hasOwn(reasons, outcome);
