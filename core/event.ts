import { z } from "zod";
import { outcomes, reasonNames } from "./outcome.js";

const seconds = z.number().min(0).describe("Seconds, decimals allowed");
const stepId = z.string().describe("The id of the step in the flow");

const ending = {
	outcome: z.enum(outcomes),
	reason: z.enum(reasonNames),
	sip_status: z.number().int().nullable(),
	detail: z.string().nullable().describe("Plain words, where there are any"),
	step_id: stepId.nullable().describe("The step that ran when it ended"),
	ring_s: seconds,
	talk_s: seconds.describe("From the answer until the leg was over"),
	rtp: z
		.object({
			received: z.number().int(),
			lost: z.number().int().nullable(),
			jitter_ms: z.number().nullable(),
		})
		.nullable()
		.describe(
			"What came from the callee: packets `received`, packets `lost` (null within six seconds), the largest jitter; null where nobody measured",
		),
};

/** What a call's events carry, by type: the wire format of the log, the store, the live stream and webhooks. */
export const eventData = {
	"call.queued": z.object({
		number: z.string(),
		caller_id: z.string(),
		due_at: z.iso.datetime().describe("It is not dialled before"),
	}),
	"call.dialing": z.object({
		number: z.string(),
		caller_id: z.string(),
		queued_s: seconds.describe(
			"From when this attempt was due until it was dialled",
		),
	}),
	"call.ringing": z.object({
		sip_status: z.number().int().describe("180, or 183 with early media"),
	}),
	"call.answered": z.object({
		ring_s: seconds.describe("From the first INVITE to the answer"),
	}),
	"step.started": z.object({
		step_id: stepId,
		step_type: z.string(),
		warnings: z
			.array(z.string())
			.describe("Variables that were not set and count as empty"),
	}),
	"step.finished": z.object({
		step_id: stepId,
		step_type: z.string(),
		outcome: z.string().describe("One of the step's documented outcomes"),
		edge: z
			.object({ name: z.string(), to: stepId })
			.nullable()
			.describe(
				"The edge taken; null where the flow ends. Exact digits of a sensitive step are not named: `flow.<digits>`",
			),
		detail: z
			.string()
			.nullable()
			.describe("Why an http step failed, in words; else null"),
		duration_s: seconds,
	}),
	"sound.failed": z.object({
		step_id: stepId,
		detail: z.string(),
		spoken_instead: z.boolean(),
	}),
	"call.bridged": z.object({ step_id: stepId, number: z.string() }),
	"call.unbridged": z.object({
		step_id: stepId,
		number: z.string(),
		duration_s: seconds,
		ended_by: z.enum(["callee", "other", "engine"]),
	}),
	"recording.ready": z.object({
		url: z.string().describe("Path of the wav in this API"),
		attempt: z.number().int().describe("Which attempt it is of, from 1"),
		duration_s: seconds,
		bytes: z.number().int(),
	}),
	"recording.failed": z.object({ detail: z.string() }),
	"callback.scheduled": z.object({
		step_id: stepId,
		callback_id: z.string(),
		entity: z.string(),
		due_at: z.iso.datetime(),
	}),
	"callback.skipped": z.object({
		step_id: stepId,
		entity: z.string(),
		reason: z.enum(["past", "invalid_time", "unknown_entity"]),
	}),
	"call.attempt_ended": z.object({
		attempt: z.number().int().describe("From 1"),
		...ending,
		next_at: z.iso
			.datetime()
			.nullable()
			.describe("When the next attempt is due; null after the last one"),
	}),
	"call.ended": z.object({
		...ending,
		queued_s: seconds.describe(
			"From when the last attempt was due until it was dialled, or ended without that",
		),
	}),
} as const;

export type EventType = keyof typeof eventData;

/** What happened, before the journal gives it its place in the call. */
export type CallHappening = {
	[T in EventType]: { type: T; data: z.infer<(typeof eventData)[T]> };
}[EventType];

/** Happenings that a flow itself brings about. */
export type FlowEvent = Extract<
	CallHappening,
	{
		type:
			| "step.started"
			| "step.finished"
			| "sound.failed"
			| "call.bridged"
			| "call.unbridged"
			| "callback.scheduled"
			| "callback.skipped";
	}
>;

/** One event as it is kept and told. */
export type CallEvent = CallHappening & {
	id: string;
	/** From 1, without a gap. */
	seq: number;
	call_id: string;
	cloud_id: string;
	/** ISO 8601, UTC, milliseconds. */
	at: string;
	metadata?: Record<string, unknown>;
};
