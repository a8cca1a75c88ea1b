import type { CallEvent } from "../core/event.js";
import type { CallPatch } from "../store/store.js";

/** What an event changes in its call's row; `pathOf` says where each attempt is recorded. */
export function patchFor(
	event: CallEvent,
	pathOf: (attempt: number) => string,
): CallPatch {
	const at = Date.parse(event.at);
	switch (event.type) {
		case "call.attempt_ended": {
			const { attempt, next_at } = event.data;
			return next_at === null
				? {}
				: {
						status: "scheduled",
						attempt: attempt + 1,
						dueAt: Date.parse(next_at),
					};
		}
		case "call.dialing":
			return { status: "dialing", dialedAt: at };
		case "call.ringing":
			return { status: "ringing" };
		case "call.answered":
			return { status: "answered", answeredAt: at };
		case "recording.ready": {
			const { attempt, bytes, duration_s } = event.data;
			const path = pathOf(attempt);
			return { recording: { attempt, path, bytes, duration_s } };
		}
		case "call.ended": {
			const { outcome, reason, sip_status, q850_cause } = event.data;
			return {
				status: "ended",
				outcome,
				reason,
				sipStatus: sip_status,
				q850Cause: q850_cause,
				detail: event.data.detail,
				stepId: event.data.step_id,
				endedAt: at,
			};
		}
		default:
			return {};
	}
}
