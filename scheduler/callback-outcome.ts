import type { Missed } from "../core/call.js";
import type { FlowEvent } from "../core/event.js";
import { type MissedOutcome, usualReasons } from "../core/outcome.js";
import { connect } from "../steps/connect.js";

/**
 * What an answered attempt of a callback counts as, from its flow's events: null if both were joined, or somebody took the call
 * elsewhere; else the attempt is missed with the outcome of the party that was to be called back, or `canceled` where the entity hung up
 * before.
 */
export function callbackMissed(events: Iterable<FlowEvent>): Missed | null {
	let missed: Missed | null = missedAs("canceled", null);
	for (const { type, data } of events) {
		if (type === "call.bridged") return null;
		if (type !== "step.finished") continue;
		const { outcome, detail, step_type } = data;
		if (outcome === "redirected") missed = null;
		else if (step_type !== connect.type) continue;
		else if (isMissed(outcome)) missed = missedAs(outcome, detail);
		else missed ??= missedAs("canceled", null);
	}
	return missed;
}

function missedAs(outcome: MissedOutcome, said: string | null): Missed {
	const detail = said === null ? {} : { detail: `the other party: ${said}` };
	return { outcome, reason: usualReasons[outcome], ...detail };
}

const isMissed = (outcome: string): outcome is MissedOutcome =>
	Object.hasOwn(usualReasons, outcome);
