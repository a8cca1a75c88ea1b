import type { RtpFigures } from "../core/call.js";
import { causeOf } from "../core/cause.js";
import { instant, secondsBetween } from "../core/clock.js";
import type { CallHappening } from "../core/event.js";
import type { Outcome, Reason } from "../core/outcome.js";
import type { RetryPolicy } from "../store/store.js";

/** How an attempt to reach somebody came out. */
export interface Ending {
	outcome: Outcome;
	reason: Reason;
	sipStatus?: number | undefined;
	q850Cause?: number | undefined;
	detail?: string | undefined;
	stepId: string | null;
	rtp?: RtpFigures | null;
}

/** When the parts of an attempt began, epoch milliseconds; null for what it did not come to. */
export interface Times {
	dueAt: number;
	dialedAt: number | null;
	answeredAt: number | null;
	/** When the leg was over; left out where nobody saw it. */
	overAt?: number | null;
}

/** How an attempt is told: with the next one, if there is one by the call's policy, else with the call's end. */
export function endOfAttempt(
	{ attempt, retry }: { attempt: number; retry: RetryPolicy | null },
	ending: Ending,
	times: Times,
	now: number,
): { told: CallHappening[]; nextAt: number | null } {
	const isRetried =
		retry !== null &&
		attempt < retry.attempts &&
		retry.on.includes(ending.outcome);
	const nextAt = isRetried ? now + retry.interval * 1_000 : null;
	const ended = attemptEnded(attempt, ending, times, { now, nextAt });
	return {
		nextAt,
		told: isRetried ? [ended] : [ended, callEnded(ending, times, now)],
	};
}

/** The end of a call, also of one that waited in vain. */
export function callEnded(
	ending: Ending,
	times: Times,
	now: number,
): CallHappening {
	return {
		type: "call.ended",
		data: {
			...told(ending, durations(times, now)),
			queued_s: secondsBetween(times.dueAt, times.dialedAt ?? now),
		},
	};
}

function attemptEnded(
	attempt: number,
	ending: Ending,
	times: Times,
	{ now, nextAt }: { now: number; nextAt: number | null },
): CallHappening {
	return {
		type: "call.attempt_ended",
		data: {
			attempt,
			...told(ending, durations(times, now)),
			next_at: nextAt === null ? null : instant(nextAt),
		},
	};
}

function told(ending: Ending, lasted: { ring_s: number; talk_s: number }) {
	const { outcome, reason, sipStatus, q850Cause, detail, stepId, rtp } = ending;
	return {
		...{ outcome, reason, ...lasted },
		sip_status: sipStatus ?? null,
		q850_cause: q850Cause ?? null,
		cause: causeOf({ ...ending, ringS: lasted.ring_s }),
		detail: detail ?? null,
		step_id: stepId,
		rtp: rtp
			? {
					...{ received: rtp.received, lost: rtp.lost },
					jitter_ms: rtp.jitterMs,
				}
			: null,
	};
}

function durations({ dialedAt, answeredAt, overAt }: Times, now: number) {
	const seconds = (from: number | null, to: number) =>
		from === null ? 0 : secondsBetween(from, to);
	return {
		ring_s: seconds(dialedAt, answeredAt ?? now),
		talk_s: seconds(answeredAt, overAt ?? now),
	};
}
