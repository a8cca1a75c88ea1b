import { instant, secondsBetween } from "../core/clock.js";
import { destinationOf } from "../core/destination.js";
import type { CallRecord } from "../store/store.js";

/** A call as the API shows it. */
export function callView(call: CallRecord) {
	const { createdAt, dueAt, dialedAt, answeredAt, endedAt, recording } = call;
	return {
		id: call.id,
		status: call.status,
		outcome: call.outcome,
		reason: call.reason,
		sip_status: call.sipStatus,
		number: call.number,
		destination: destinationOf(call.number),
		caller_id: call.callerId,
		attempt: call.attempt,
		retry: call.retry,
		parent_call_id: call.parentCallId,
		callback_id: call.callbackId,
		schedule_id: call.scheduleId,
		created_at: instant(createdAt),
		due_at: instant(dueAt),
		dialed_at: shown(dialedAt),
		answered_at: shown(answeredAt),
		ended_at: shown(endedAt),
		queued_s: seconds(dueAt, dialedAt ?? endedAt),
		ring_s: seconds(dialedAt, answeredAt ?? endedAt),
		talk_s: seconds(answeredAt, endedAt),
		record: call.record,
		recording: recording && {
			url: `/calls/${call.id}/recording`,
			attempt: recording.attempt,
			duration_s: recording.duration_s,
			bytes: recording.bytes,
			deleted_at: shown(recording.deletedAt),
		},
		metadata: call.metadata,
		flow_hash: call.flowHash,
	};
}

const shown = (epochMs: number | null) =>
	epochMs === null ? null : instant(epochMs);

/** Null while it is not over, or where it never began. */
const seconds = (fromMs: number | null, toMs: number | null) =>
	fromMs === null || toMs === null ? null : secondsBetween(fromMs, toMs);
