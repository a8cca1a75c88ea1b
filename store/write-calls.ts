import { type Kysely, type RawBuilder, sql } from "kysely";
import type { LegName } from "../core/call.js";
import { instant } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import { Fault } from "../core/fault.js";
import { activeflowId } from "./activeflow.js";
import {
	type CallPatches,
	given,
	isOver,
	mergedPatches,
} from "./call-patches.js";
import { endpointId } from "./endpoint-id.js";
import { keyRow, keysAnswered } from "./idempotency-keys.js";
import { isOwn } from "./is-own.js";
import { storableJson } from "./json.js";
import { recordingRow } from "./recordings.js";
import type { Tables } from "./schema.js";
import type { KeptTrace } from "./sip-traces.js";
import type { CallPatch, NewCallRecord, Publish } from "./store.js";

export interface Write {
	callId: string;
	/** The call itself, with its first write. */
	insert?: NewCallRecord & { owned: boolean };
	events: readonly CallEvent[];
	patch: CallPatch;
	/** Where its events are sent. */
	publish: Publish | null;
	/** What may be up from now on. */
	leg?: LegName;
	/** Of an attempt that has ended. */
	sip?: KeptTrace;
}

/** What changes in a row of `calls`, for json_to_recordset: however many rows, the statement is the same and planned once. */
const progressColumns = sql.raw(
	"status text, attempt integer, due_at timestamptz, outcome text, reason text, sip_status integer, q850_cause integer, detail text, step_id text, dialed_at timestamptz, answered_at timestamptz, ended_at timestamptz",
);

/** The same for what no new call has. */
const walkedColumns = sql.raw(
	"walked_flow json, walked_flow_hash text, walked_since integer",
);

const nothing = sql``;
const keepWhatIsThere = sql`on conflict do nothing`;

/**
 * Keeps new calls, changes the rows of others, and appends events with their deliveries, all in one statement; `again` where
 * that may have been done before: a call that was given back with it is somebody else's by now, and stays as it is. Throws
 * LEASE_LOST, and keeps nothing, once `owner` was found dead by another instance.
 */
export async function writeAll(
	db: Kysely<Tables>,
	owner: number,
	writes: readonly Write[],
	again = false,
): Promise<void> {
	const events = writes.flatMap((write) =>
		write.events.map((event) => eventRow(event, write.publish)),
	);
	const patches = mergedPatches(writes);
	// before `insertion` takes some of the patches
	const legs = legRows(writes, patches);
	const conflict = again ? keepWhatIsThere : nothing;
	const { rows } = await sql`
		with me as (
			select number from instances where number = ${owner} for key share
		),
		${insertion(writes, patches, conflict)}
		${keysOf(writes)}
		event_rows as (
			select * from me, json_to_recordset(${storableJson(events)}::json) as row (
				id uuid, call_id uuid, seq integer, type text, at timestamptz, data json, cloud_id text, endpoint_id uuid,
				url text, method text
			)
		),
		new_events as (
			insert into events (id, call_id, seq, type, at, data)
			select id, call_id, seq, type, at, data from event_rows ${conflict}
		),
		new_endpoints as (
			insert into webhook_endpoints (id, cloud_id, url, created_at)
			select endpoint_id, cloud_id, url, min(at) from event_rows where seq = 1 and endpoint_id is not null
			group by endpoint_id, cloud_id, url
			on conflict do nothing
		),
		new_deliveries as (
			insert into deliveries (event_id, call_id, seq, at, cloud_id, endpoint_id, method, due_at, owner)
			select id, call_id, seq, at, cloud_id, endpoint_id, method, at, number
			from event_rows where endpoint_id is not null ${conflict}
		),
		${recordingRows(writes)}
		${legs}
		${sipRows(writes)}
		patches as (
			select * from json_to_recordset(${storableJson([...patches.values()])}::json) as patch (
				id uuid, ${progressColumns}, ${walkedColumns}
			)
		),
		changes as (
			update calls set
				status = coalesce(patch.status, calls.status),
				outcome = coalesce(patch.outcome, calls.outcome),
				reason = coalesce(patch.reason, calls.reason),
				sip_status = coalesce(patch.sip_status, calls.sip_status),
				q850_cause = coalesce(patch.q850_cause, calls.q850_cause),
				detail = coalesce(patch.detail, calls.detail),
				step_id = coalesce(patch.step_id, calls.step_id),
				attempt = coalesce(patch.attempt, calls.attempt),
				due_at = case when patch.status = 'scheduled' and calls.stop_asked then now() else coalesce(patch.due_at, calls.due_at) end,
				dialed_at = case when patch.status = 'scheduled' then null else coalesce(patch.dialed_at, calls.dialed_at) end,
				answered_at = case when patch.status = 'scheduled' then null else coalesce(patch.answered_at, calls.answered_at) end,
				ended_at = coalesce(patch.ended_at, calls.ended_at),
				walked_flow = case when patch.status = 'scheduled' then null else coalesce(patch.walked_flow, calls.walked_flow) end,
				walked_flow_hash = case when patch.status = 'scheduled' then null else coalesce(patch.walked_flow_hash, calls.walked_flow_hash) end,
				walked_since = case when patch.status = 'scheduled' then null else coalesce(patch.walked_since, calls.walked_since) end,
				owner = case when patch.status in ('scheduled', 'ended') then null else calls.owner end
			from me, patches patch
			where calls.id = patch.id and ${isOwn("calls.owner", sql.ref("me.number"))}
			returning calls.id, patch.status
		),
		over as (
			delete from legs using changes
			where call_id = changes.id and changes.status in ('scheduled', 'ended')
		)
		select number from me`.execute(db);
	if (rows.length === 0) throw new Fault("LEASE_LOST");
}

/** The part that keeps new calls; it takes their changes out of `patches`, since one statement cannot change a row it makes. */
function insertion(
	writes: readonly Write[],
	patches: CallPatches,
	conflict: RawBuilder<unknown>,
): RawBuilder<unknown> {
	const rows = writes.flatMap(({ insert }) => {
		if (!insert) return [];
		const patch = patches.get(insert.id);
		patches.delete(insert.id);
		return [{ ...callRow(insert), ...given(patch) }];
	});
	if (rows.length === 0) return nothing;
	return sql`new_calls as (
			insert into calls (id, cloud_id, number, caller_id, flow, flow_hash, variables, metadata, record, publish, created_at, retry,
				parent_call_id, callback_id, schedule_id, traceparent, activeflow_id, attempt, due_at, status, outcome, reason, sip_status,
				q850_cause, detail, step_id, dialed_at, answered_at, ended_at, owner)
			select row.id, cloud_id, row.number, caller_id, flow, flow_hash, variables, metadata, record, publish, created_at, retry,
				parent_call_id, callback_id, schedule_id, traceparent, activeflow_id, coalesce(attempt, 1), due_at, status, outcome, reason,
				sip_status, q850_cause, detail, step_id, dialed_at, answered_at, ended_at,
				case when owned and row.status not in ('scheduled', 'ended') then me.number end
			from me, json_to_recordset(${storableJson(rows)}::json) as row (
				id uuid, cloud_id text, number text, caller_id text, flow json, flow_hash text, variables json,
				metadata json, record boolean, publish json, created_at timestamptz, retry json, parent_call_id uuid, callback_id uuid,
				schedule_id uuid, traceparent text, activeflow_id uuid, owned boolean, ${progressColumns}
			)
			${conflict}
		),`;
}

/** From the patches as they came: each recording is a row of its own. */
function recordingRows(writes: readonly Write[]): RawBuilder<unknown> {
	const rows = writes.flatMap(({ events, patch: { recording } }) => {
		const event = events.at(-1);
		return event && recording ? [recordingRow(recording, event)] : [];
	});
	if (rows.length === 0) return nothing;
	return sql`new_recordings as (
			insert into recordings (id, cloud_id, call_id, attempt, path, bytes, duration, created_at)
			select id, cloud_id, call_id, attempt, path, bytes, duration, created_at
			from me, json_to_recordset(${storableJson(rows)}::json) as row (
				id uuid, cloud_id text, call_id uuid, attempt integer, path text, bytes bigint, duration double precision,
				created_at timestamptz
			)
			${keepWhatIsThere}
		),`;
}

/** With new calls: what those are told who repeat their requests. */
function keysOf(writes: readonly Write[]): RawBuilder<unknown> {
	const rows = writes.flatMap(({ insert }) =>
		insert?.idempotency
			? [keyRow(insert.cloudId, insert.idempotency, insert.id)]
			: [],
	);
	return rows.length === 0 ? nothing : sql`${keysAnswered(rows)},`;
}

/** None of an attempt that ends in this statement: `over` does not see what is kept beside it. */
function legRows(
	writes: readonly Write[],
	patches: CallPatches,
): RawBuilder<unknown> {
	const rows = writes.flatMap(({ callId, leg }) =>
		leg && !isOver(patches.get(callId))
			? [
					{
						call_id: callId,
						dialog_id: leg.dialogId,
						transaction_id: leg.transactionId,
					},
				]
			: [],
	);
	if (rows.length === 0) return nothing;
	return sql`new_legs as (
			insert into legs (dialog_id, transaction_id, call_id)
			select dialog_id, max(transaction_id), call_id
			from me, json_to_recordset(${storableJson(rows)}::json) as row (dialog_id text, transaction_id text, call_id uuid)
			group by dialog_id, call_id
			on conflict (dialog_id) do update set transaction_id = excluded.transaction_id
		),`;
}

function sipRows(writes: readonly Write[]): RawBuilder<unknown> {
	const rows = writes.flatMap(({ callId, sip }) =>
		sip
			? [{ call_id: callId, attempt: sip.attempt, messages: sip.messages }]
			: [],
	);
	if (rows.length === 0) return nothing;
	return sql`new_sip_traces as (
			insert into sip_traces (call_id, attempt, messages)
			select call_id, attempt, messages
			from me, json_to_recordset(${storableJson(rows)}::json) as row (call_id uuid, attempt integer, messages json)
			${keepWhatIsThere}
		),`;
}

function callRow(call: NewCallRecord & { owned: boolean }) {
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
		due_at: instant(call.dueAt),
		status: call.dueAt > call.createdAt ? "scheduled" : "queued",
		retry: call.retry,
		parent_call_id: call.parentCallId,
		callback_id: call.callbackId,
		schedule_id: call.scheduleId,
		traceparent: call.traceparent ?? null,
		activeflow_id: activeflowId(call.id),
		owned: call.owned,
	};
}

function eventRow(
	{ id, call_id, cloud_id, seq, type, at, data }: CallEvent,
	publish: Publish | null,
) {
	const row = { id, call_id, seq, type, at, data };
	if (!publish) return row;
	const { url, method } = publish;
	return {
		...row,
		cloud_id,
		endpoint_id: endpointId(cloud_id, url),
		url,
		method,
	};
}
