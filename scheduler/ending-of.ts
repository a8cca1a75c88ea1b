import type { Call, LegEnd, StopReason } from "../core/call.js";
import type { FlowEvent } from "../core/event.js";
import type { RunEnd } from "../flow/run.js";
import type { Ending } from "./attempt.js";
import { callbackMissed } from "./callback-outcome.js";

/** How an attempt came out whose walk has ended; `stopped`: the service has ended it; `told`: what a callback's flow has told. */
export function endingOf(
	end: RunEnd,
	stopped: StopReason | null,
	told: readonly FlowEvent[] | null,
): Ending {
	const { stepId } = end;
	if (end.reason === "missed") {
		return { ...end.dial, stepId };
	}
	const sipStatus = 200; // it was answered
	if (end.reason === "step_limit")
		return { outcome: "failed", reason: "step_limit", sipStatus, stepId };
	if (stopped)
		return { outcome: "answered", reason: stopped, sipStatus, stepId };
	if (end.reason === "cut_off")
		return {
			outcome: "interrupted",
			reason: "engine_lost",
			sipStatus,
			stepId,
		};
	const missed = told && callbackMissed(told);
	if (missed) return { ...missed, sipStatus, stepId };
	return { outcome: "answered", reason: end.reason, sipStatus, stepId };
}

/** With what its leg had to say, where there was one. */
export function withLeg(ending: Ending, leg: Call | null): Ending {
	const rtp = leg?.rtp ?? null;
	if (!leg?.over.aborted) return { ...ending, rtp };
	const { q850Cause } = leg.over.reason as LegEnd; // the contract of Call.over
	return { q850Cause, ...ending, rtp };
}
