import { NIL, v5 } from "uuid";
import { z } from "zod";
import { instant } from "../core/clock.js";
import type { StepSource } from "../flow/flow.js";
import { shownStep } from "../flow/shown.js";
import type { ActiveflowRecord } from "../store/activeflow.js";

/** What the ids of accounts and of flows are derived in. Documented: they are never changed. */
const CUSTOMERS = "6c8f6a0e-3a51-4c07-8d7b-7d2f0e9b5c63";
const FLOWS = "a1f7c2d8-90b4-4e7d-b7f0-1d5e6c3b8f29";

const NEVER = "9999-01-01 00:00:00.000000";

const stamp = z
	.string()
	.regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/)
	.describe("UTC, with microseconds: 2030-10-11 20:48:00.000000");

const actionAnswer = z.object({
	id: z.guid().describe("Of the step, in its flow; nil before the first one"),
	next_id: z.guid().describe("Of the step that next_step names; nil if none"),
	type: z.string().describe("The step's type; empty before the first one"),
	option: z
		.record(z.string(), z.unknown())
		.describe("The step's fields, *** in the place of what is secret"),
});

/** What `activeflowView` makes. */
export const activeflowAnswer = z.object({
	id: z.guid().describe("UUIDv5 of the call's id"),
	customer_id: z.guid().describe("UUIDv5 of the account's cloud_id"),
	flow_id: z.guid().describe("UUIDv5 of the flow's hash"),
	status: z
		.enum(["", "running", "ended"])
		.describe("Empty until the call is dialled"),
	reference_type: z.literal("call").describe("What walks the flow"),
	reference_id: z.guid().describe("The call's id"),
	current_action: actionAnswer.describe("The step that runs, or that ran last"),
	forward_action_id: z.literal(NIL).describe("Always nil"),
	tm_create: stamp.describe("When the call was accepted"),
	tm_update: stamp.describe("When something last happened in it"),
	tm_delete: z.literal(NEVER).describe("Always: never"),
});

/** A call as an activeflow. */
export function activeflowView(
	record: ActiveflowRecord,
): z.infer<typeof activeflowAnswer> {
	const flowId = v5(record.flowHash, FLOWS);
	return {
		id: record.id,
		customer_id: v5(record.cloudId, CUSTOMERS),
		flow_id: flowId,
		status: statusOf(record),
		reference_type: "call",
		reference_id: record.callId,
		current_action: actionOf(record.step, flowId),
		forward_action_id: NIL,
		tm_create: stampOf(record.createdAt),
		tm_update: stampOf(record.updatedAt),
		tm_delete: NEVER,
	};
}

/** One that is tried again has been dialled. */
function statusOf({ status, attempt }: ActiveflowRecord) {
	if (status === "ended") return "ended";
	const waits = status === "queued" || status === "scheduled";
	return waits && attempt === 1 ? "" : "running";
}

function actionOf(step: ActiveflowRecord["step"], flowId: string) {
	if (!step) return { id: NIL, next_id: NIL, type: "", option: {} };
	const { id, type, source } = step;
	const bare = { id, type };
	// kept in Flow.source
	const shown = shownStep((source ?? bare) as StepSource);
	const { id: _id, type: _type, ...option } = shown;
	const next = option.next_step;
	return {
		id: v5(id, flowId),
		next_id: typeof next === "string" ? v5(next, flowId) : NIL,
		type,
		option,
	};
}

/** `2030-10-11 20:48:00.000000`, in UTC. */
export const stampOf = (epochMs: number): string =>
	instant(epochMs).replace("T", " ").replace("Z", "000");
