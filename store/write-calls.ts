import { type Kysely, sql } from "kysely";
import { instant } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import { storableJson } from "./json.js";
import type { Tables } from "./schema.js";
import type { CallPatch, NewCallRecord } from "./store.js";

export interface Insert {
	call: NewCallRecord;
	queued: CallEvent;
}

export interface Append {
	callId: string;
	events: readonly CallEvent[];
	patch: CallPatch;
}

/** Columns of an event's row, for json_to_recordset: however many rows, the statement is the same and planned once. */
const eventColumns = sql.raw(
	"id uuid, call_id uuid, seq integer, type text, at timestamptz, data jsonb",
);

/** Keeps calls, each with its first event. */
export async function insertAll(
	db: Kysely<Tables>,
	inserts: readonly Insert[],
): Promise<void> {
	const calls = storableJson(inserts.map(({ call }) => callRow(call)));
	const events = storableJson(inserts.map(({ queued }) => eventRow(queued)));
	await sql`
		with kept as (
			insert into calls (id, cloud_id, status, number, caller_id, flow, flow_hash, variables, metadata, record, publish, created_at)
			select id, cloud_id, 'queued', number, caller_id, flow, flow_hash, variables, metadata, record, publish, created_at
			from json_to_recordset(${calls}::json) as row (
				id uuid, cloud_id text, number text, caller_id text, flow jsonb, flow_hash text, variables jsonb,
				metadata jsonb, record boolean, publish jsonb, created_at timestamptz
			)
		)
		insert into events (id, call_id, seq, type, at, data)
		select id, call_id, seq, type, at, data
		from json_to_recordset(${events}::json) as row (${eventColumns})`.execute(
		db,
	);
}

/** Keeps events and changes the rows of their calls. */
export async function appendAll(
	db: Kysely<Tables>,
	appends: readonly Append[],
): Promise<void> {
	const events = storableJson(
		appends.flatMap((append) => append.events.map(eventRow)),
	);
	const patches = storableJson(mergedPatches(appends));
	await sql`
		with kept as (
			insert into events (id, call_id, seq, type, at, data)
			select id, call_id, seq, type, at, data
			from json_to_recordset(${events}::json) as row (${eventColumns})
		)
		update calls set
			status = coalesce(patch.status, calls.status),
			outcome = coalesce(patch.outcome, calls.outcome),
			reason = coalesce(patch.reason, calls.reason),
			sip_status = coalesce(patch.sip_status, calls.sip_status),
			dialed_at = coalesce(patch.dialed_at, calls.dialed_at),
			answered_at = coalesce(patch.answered_at, calls.answered_at),
			ended_at = coalesce(patch.ended_at, calls.ended_at),
			recording = coalesce(patch.recording, calls.recording)
		from json_to_recordset(${patches}::json) as patch (
			id uuid, status text, outcome text, reason text, sip_status integer, dialed_at timestamptz,
			answered_at timestamptz, ended_at timestamptz, recording jsonb
		)
		where calls.id = patch.id`.execute(db);
}

/** One row a call, later changes over earlier ones: UPDATE … FROM takes an arbitrary one of several. */
function mergedPatches(appends: readonly Append[]) {
	const byCall = new Map<string, CallPatch>();
	for (const { callId, patch } of appends) {
		if (Object.keys(patch).length > 0)
			byCall.set(callId, { ...byCall.get(callId), ...patch });
	}
	return Array.from(byCall, ([id, patch]) => ({
		id,
		status: patch.status,
		outcome: patch.outcome,
		reason: patch.reason,
		sip_status: patch.sipStatus,
		dialed_at: written(patch.dialedAt),
		answered_at: written(patch.answeredAt),
		ended_at: written(patch.endedAt),
		recording: patch.recording,
	}));
}

function callRow(call: NewCallRecord) {
	return {
		id: call.id,
		cloud_id: call.cloudId,
		number: call.number,
		caller_id: call.callerId,
		flow: call.flow,
		flow_hash: call.flowHash,
		variables: call.variables,
		metadata: call.metadata,
		record: call.record,
		publish: call.publish,
		created_at: instant(call.createdAt),
	};
}

function eventRow({ id, call_id, seq, type, at, data }: CallEvent) {
	return { id, call_id, seq, type, at, data };
}

const written = (epochMs: number | null | undefined) =>
	epochMs == null ? null : instant(epochMs);
