import type { ColumnType, Generated } from "kysely";
import type { Control, ControlAnswer } from "../core/control.js";
import type { Entity } from "../core/entity.js";
import type { Limits, Scope } from "../core/limits.js";
import type { Outcome, Reason } from "../core/outcome.js";
import type { SipMessage } from "../core/sip-trace.js";
import type { CallbackRecord, CallbackStatus } from "./callback.js";
import type { KeptAnswer } from "./idempotency.js";
import type { MissedPolicy, ScheduleRecord } from "./schedule.js";
import type {
	CallStatus,
	DeliveryStatus,
	NewCallRecord,
	RetryPolicy,
} from "./store.js";

/** Written as JSON text, read as the value. */
type Json<Value> = ColumnType<
	Value,
	string | (null extends Value ? null : never),
	string
>;
/** Written as ISO 8601 or a Date, read as a Date. */
type Instant = ColumnType<Date, Date | string, Date | string>;

/** The tables as the newest migration leaves them, holding what only this folder writes. */
export interface Tables {
	migrations: { number: number; name: string; applied_at: Generated<Date> };
	calls: {
		id: string;
		cloud_id: string;
		status: CallStatus;
		outcome: Outcome | null;
		reason: Reason | null;
		sip_status: number | null;
		q850_cause: number | null;
		detail: string | null;
		step_id: string | null;
		number: string;
		caller_id: string;
		flow: Json<NewCallRecord["flow"]>;
		flow_hash: string;
		variables: Json<NewCallRecord["variables"]>;
		metadata: Json<NewCallRecord["metadata"]>;
		record: boolean;
		publish: Json<NewCallRecord["publish"]>;
		created_at: Instant;
		dialed_at: Instant | null;
		answered_at: Instant | null;
		ended_at: Instant | null;
		owner: number | null;
		attempt: Generated<number>;
		due_at: Instant;
		retry: Json<RetryPolicy | null>;
		parent_call_id: string | null;
		callback_id: string | null;
		schedule_id: string | null;
		stop_asked: Generated<boolean>;
		/** Of store/activeflow.ts; null where an older version has made the call. */
		activeflow_id: string | null;
		/** That this attempt was redirected to, by the event with this seq. */
		walked_flow: Json<unknown>;
		walked_flow_hash: string | null;
		walked_since: number | null;
		/** The span of a client that the call belongs under (W3C Trace Context). */
		traceparent: string | null;
	};
	sip_traces: {
		call_id: string;
		attempt: number;
		messages: Json<SipMessage[]>;
	};
	legs: { dialog_id: string; transaction_id: string | null; call_id: string };
	events: {
		id: string;
		call_id: string;
		seq: number;
		type: string;
		at: Instant;
		data: Json<unknown>;
	};
	instances: {
		number: number;
		started_at: Generated<Date>;
		seen_at: Generated<Date>;
		server_started_at: Instant | null;
	};
	webhook_endpoints: {
		id: string;
		cloud_id: string;
		url: string;
		status: Generated<"enabled" | "disabled">;
		detail: string | null;
		created_at: Instant;
		/** Instance that sends what waits in line there. */
		feeder: number | null;
	};
	webhook_secrets: {
		id: string;
		cloud_id: string;
		secret: string;
		created_at: Instant;
		expires_at: Instant | null;
	};
	deliveries: {
		event_id: string;
		call_id: string;
		seq: number;
		at: Instant;
		cloud_id: string;
		endpoint_id: string;
		method: "POST" | "PUT";
		status: Generated<DeliveryStatus>;
		attempts: Generated<number>;
		due_at: Instant;
		owner: number | null;
		last_at: Instant | null;
		last_status: number | null;
		last_detail: string | null;
	};
	accounts: {
		cloud_id: string;
		number: Generated<number>;
		cloud_sid: string | null;
		name: string;
		limits: Json<Limits>;
		created_at: Instant;
	};
	tokens: {
		id: string;
		number: Generated<number>;
		cloud_id: string;
		name: string;
		hash: string;
		previous_hash: string | null;
		previous_until: Instant | null;
		scopes: Json<Scope[]>;
		created_at: Instant;
		expires_at: Instant | null;
		revoked_at: Instant | null;
		last_used_at: Instant | null;
	};
	idempotency_keys: {
		cloud_id: string;
		key: string;
		body_hash: string;
		owner: number | null;
		call_id: string | null;
		answer: Json<KeptAnswer> | null;
		created_at: Instant;
	};
	callbacks: {
		id: string;
		cloud_id: string;
		parent_call_id: string | null;
		step_id: string | null;
		entity: string;
		date: string;
		time: string;
		timezone: string;
		due_at: Instant;
		resolution: CallbackRecord["resolution"];
		tzdata: string;
		number: string;
		caller_id: string;
		record: boolean;
		publish: Json<CallbackRecord["publish"]>;
		metadata: Json<CallbackRecord["metadata"]>;
		retry: Json<RetryPolicy>;
		status: Generated<CallbackStatus>;
		detail: string | null;
		fired_call_id: string | null;
		created_at: Instant;
		updated_at: Instant;
	};
	schedules: {
		id: string;
		cloud_id: string;
		cron: string;
		timezone: string;
		request: Json<ScheduleRecord["request"]>;
		missed: MissedPolicy;
		status: Generated<ScheduleRecord["status"]>;
		detail: string | null;
		next_at: Instant | null;
		last_at: Instant | null;
		last_call_id: string | null;
		created_at: Instant;
	};
	entities: {
		cloud_id: string;
		id: string;
		kind: Entity["kind"];
		name: string;
		targets: Json<Entity["targets"]>;
		strategy: Entity["strategy"];
		created_at: Instant;
		updated_at: Instant;
	};
	recordings: {
		id: string;
		cloud_id: string;
		call_id: string;
		attempt: number;
		path: string;
		/** A bigint, which some databases give as text. */
		bytes: ColumnType<number | string, number, number>;
		duration: number;
		created_at: Instant;
		deleted_at: Instant | null;
	};
	controls: {
		id: string;
		call_id: string;
		control: Json<Control>;
		asked_at: Generated<Date>;
		expires_at: Instant;
		/** By the instance that carries the call out. */
		taken: Generated<boolean>;
		answer: Json<ControlAnswer | null>;
	};
	sessions: {
		hash: string;
		/** Null: AUTH_TOKEN. */
		token_id: string | null;
		token_hash: string;
		created_at: Instant;
		expires_at: Instant;
	};
	stored_recordings: {
		call_id: string;
		attempt: number;
		/** Instance that uploads it. */
		owner: number | null;
	};
	service_secrets: { name: string; secret: string };
}
