import type { ClaimedCall } from "../store/store.js";
import { callEnded, type Ending, endOfAttempt } from "./attempt.js";
import { type CallJournalOptions, callJournal } from "./call-journal.js";
import type { PlaceCallOptions } from "./place-call.js";
import { recorded } from "./recorded.js";

/**
 * Ends the attempt that an instance before this one has left, or a call that cannot be read (`problem`), and hangs up whoever is on
 * the line. Returns when the next attempt is due, null if the call has ended.
 */
export async function endLeft(
	call: ClaimedCall,
	problem: string | undefined,
	options: CallJournalOptions & Pick<PlaceCallOptions, "dialer" | "recordings">,
): Promise<number | null> {
	const { dialer, recordings, clock, log } = options;
	const { id: callId, attempt, legs } = call;
	log.info({ callId, attempt, legs: legs.length }, "a call was left: it ends");
	for (const leg of legs) dialer.hangUpLeft(leg);
	const journal = callJournal(call, call.lastSeq, options);
	const isRecorded = call.recording?.attempt === call.attempt;
	if (call.answeredAt !== null && !isRecorded) {
		const told = await recorded(call, recordings);
		// it may have been recorded though the request did not say so
		if (call.record || told.type === "recording.ready")
			await journal.record(told);
	}
	const ending: Ending =
		problem === undefined
			? { outcome: "interrupted", reason: "service_restarted", stepId: null }
			: {
					...{ outcome: "failed", reason: "internal_error", stepId: null },
					detail: problem,
				};
	const now = clock.now();
	const { told, nextAt } =
		call.status === "queued"
			? { told: [callEnded(ending, call, now)], nextAt: null }
			: endOfAttempt(
					call.stopAsked ? { ...call, retry: null } : call,
					ending,
					call,
					now,
				);
	await journal.end(...told);
	return nextAt;
}
