import { z } from "zod";
import { instant, secondsBetween } from "../core/clock.js";
import { destinationOf } from "../core/destination.js";
import { outcomes, reasonNames } from "../core/outcome.js";
import { type CallRecord, callStatuses } from "../store/store.js";
import { instantAnswer, instantOrNull } from "./answer.js";
import { causeAnswer, causeView } from "./cause-view.js";

const secondsOrNull = (says: string) =>
	z
		.number()
		.nullable()
		.describe(`Seconds ${says}; null while that is not over`);

export const retryAnswer = z.object({
	attempts: z.int().describe("Attempts in all, the first one counted"),
	interval: z
		.number()
		.describe("Seconds from the end of one attempt to the next"),
	on: z
		.array(z.enum(outcomes))
		.describe("Outcomes after which there is another"),
});

const recordingAnswer = z.object({
	url: z.string().describe("Path of the wav in this API"),
	attempt: z.int().describe("Which attempt it is of, from 1"),
	duration_s: z.number().describe("Seconds of sound"),
	bytes: z.int().describe("How large it is"),
	deleted_at: instantOrNull("When it was deleted"),
});

const destinationAnswer = z.object({
	country: z
		.string()
		.nullable()
		.describe(
			"ISO 3166-1 alpha-2; null where it has none, or that cannot be told",
		),
	kind: z
		.string()
		.describe("mobile, fixed_line, premium_rate, local, global, unknown …"),
});

export const callAnswer = z
	.object({
		id: z.guid().describe("The call's id"),
		status: z.enum(callStatuses).describe("How far it has come"),
		outcome: z
			.enum(outcomes)
			.nullable()
			.describe("What became of it; null until it has ended"),
		reason: z
			.enum(reasonNames)
			.nullable()
			.describe("Why it ended (docs/outcomes.md); null until it has ended"),
		sip_status: z
			.int()
			.nullable()
			.describe(
				"The final status of the last INVITE; null where there is none",
			),
		...causeAnswer.shape,
		number: z.string().describe("Who is rung, variables filled"),
		destination: destinationAnswer
			.nullable()
			.describe("Where the number leads; null for what is no number"),
		caller_id: z.string().describe("What the callee is shown"),
		attempt: z
			.int()
			.describe("Of the attempt that is being made or comes next, from 1"),
		retry: retryAnswer
			.nullable()
			.describe("When it is tried again; null: once only"),
		parent_call_id: z
			.guid()
			.nullable()
			.describe("The call in whose flow this one was arranged"),
		callback_id: z.guid().nullable().describe("The callback it was made for"),
		schedule_id: z.guid().nullable().describe("The schedule it was made for"),
		created_at: instantAnswer("When it was accepted"),
		due_at: instantAnswer("It is not dialled before"),
		dialed_at: instantOrNull("When the last attempt was dialled"),
		answered_at: instantOrNull("When the callee answered"),
		ended_at: instantOrNull("When it ended"),
		queued_s: secondsOrNull("from when it was due until it was dialled"),
		ring_s: secondsOrNull("that it rang"),
		talk_s: secondsOrNull("from the answer until the leg was over"),
		record: z.boolean().describe("Whether it is recorded"),
		recording: recordingAnswer
			.nullable()
			.describe("Of the last attempt that has one"),
		metadata: z
			.record(z.string(), z.unknown())
			.nullable()
			.describe("As it was posted"),
		flow_hash: z.string().describe("SHA-256 of the flow, in hex"),
	})
	.meta({ id: "Call", description: "A call" });

/** A call as the API shows it. */
export function callView(call: CallRecord): z.infer<typeof callAnswer> {
	const { createdAt, dueAt, dialedAt, answeredAt, endedAt, recording } = call;
	const ringS = seconds(dialedAt, answeredAt ?? endedAt);
	return {
		id: call.id,
		status: call.status,
		outcome: call.outcome,
		reason: call.reason,
		sip_status: call.sipStatus,
		...causeView(call, ringS),
		number: call.number,
		destination: destinationOf(call.number),
		caller_id: call.callerId,
		attempt: call.attempt,
		retry: call.retry && { ...call.retry, on: [...call.retry.on] },
		parent_call_id: call.parentCallId,
		callback_id: call.callbackId,
		schedule_id: call.scheduleId,
		created_at: instant(createdAt),
		due_at: instant(dueAt),
		dialed_at: shown(dialedAt),
		answered_at: shown(answeredAt),
		ended_at: shown(endedAt),
		queued_s: seconds(dueAt, dialedAt ?? endedAt),
		ring_s: ringS,
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
