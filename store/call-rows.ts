import type { Selectable } from "kysely";
import { instant } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import type { Tables } from "./schema.js";
import type { CallRecord } from "./store.js";

export const recordColumns = [
	"id",
	"cloud_id",
	"status",
	"outcome",
	"reason",
	"sip_status",
	"q850_cause",
	"detail",
	"step_id",
	"number",
	"caller_id",
	"flow_hash",
	"metadata",
	"record",
	"publish",
	"created_at",
	"attempt",
	"due_at",
	"retry",
	"parent_call_id",
	"callback_id",
	"schedule_id",
	"traceparent",
	"dialed_at",
	"answered_at",
	"ended_at",
] as const;

/** An event as it was told, key by key in the same order, so that every attempt to deliver it sends the same bytes. */
export function callEvent(row: {
	id: string;
	type: string;
	seq: number;
	call_id: string;
	cloud_id: string;
	at: Date;
	metadata: Record<string, unknown> | null;
	data: unknown;
}): CallEvent {
	const { id, type, seq, call_id, cloud_id, at, metadata, data } = row;
	const event = {
		type,
		data,
		id,
		seq,
		call_id,
		cloud_id,
		at: instant(at.getTime()),
		...(metadata && { metadata }),
	};
	return event as CallEvent; // type and data went in together, as a CallEvent
}

/** A call as it is read, from `recordColumns` and `lastRecording`. */
export function callRecord(
	row: Pick<Selectable<Tables["calls"]>, (typeof recordColumns)[number]> &
		Pick<CallRecord, "recording">,
): CallRecord {
	return {
		id: row.id,
		cloudId: row.cloud_id,
		status: row.status,
		outcome: row.outcome,
		reason: row.reason,
		sipStatus: row.sip_status,
		q850Cause: row.q850_cause,
		detail: row.detail,
		stepId: row.step_id,
		number: row.number,
		callerId: row.caller_id,
		flowHash: row.flow_hash,
		metadata: row.metadata,
		record: row.record,
		publish: row.publish,
		createdAt: row.created_at.getTime(),
		attempt: row.attempt,
		dueAt: row.due_at.getTime(),
		retry: row.retry,
		parentCallId: row.parent_call_id,
		callbackId: row.callback_id,
		scheduleId: row.schedule_id,
		traceparent: row.traceparent,
		dialedAt: read(row.dialed_at),
		answeredAt: read(row.answered_at),
		endedAt: read(row.ended_at),
		recording: row.recording,
	};
}

const read = (at: Date | null) => at?.getTime() ?? null;
