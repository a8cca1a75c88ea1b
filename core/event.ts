import { z } from "zod";
import { commandNames } from "./control.js";
import { outcomes, reasonNames } from "./outcome.js";

const seconds = z.number().min(0).describe("Seconds, decimals allowed");
const stepId = z.string().describe("The id of the step in the flow");
const stepType = z.string().describe("The type of the step");
const number = z.string().describe("Who is rung, variables filled");
const callerId = z.string().describe("What that one is shown");
const detail = z.string().describe("Why, in plain words");
const entity = z.string().describe("The voice id of the user or team");

const ending = {
	outcome: z.enum(outcomes),
	reason: z.enum(reasonNames),
	sip_status: z
		.number()
		.int()
		.nullable()
		.describe("The final status of the last INVITE; null where there is none"),
	q850_cause: z
		.number()
		.int()
		.nullable()
		.describe(
			"What the network gave as its cause (ITU-T Q.850), where it gave one",
		),
	cause: z.string().describe("Why it ended, in one sentence for a person"),
	detail: z.string().nullable().describe("Plain words, where there are any"),
	step_id: stepId.nullable().describe("The step that ran when it ended"),
	ring_s: seconds,
	talk_s: seconds.describe("From the answer until the leg was over"),
	rtp: z
		.object({
			received: z.number().int().describe("Packets that came"),
			lost: z
				.number()
				.int()
				.nullable()
				.describe("Packets that did not; null within six seconds"),
			jitter_ms: z.number().nullable().describe("The largest jitter"),
		})
		.nullable()
		.describe(
			"What came from the callee: packets `received`, packets `lost` (null within six seconds), the largest jitter; null where nobody measured",
		),
};

/** What a call's events carry, by type: the wire format of the log, the store, the live stream and webhooks. */
export const eventData = {
	"call.queued": z.object({
		number,
		caller_id: callerId,
		due_at: z.iso.datetime().describe("It is not dialled before"),
	}),
	"call.dialing": z.object({
		number,
		caller_id: callerId,
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
		step_type: stepType,
		warnings: z
			.array(z.string())
			.describe("Variables that were not set and count as empty"),
	}),
	"step.finished": z.object({
		step_id: stepId,
		step_type: stepType,
		outcome: z
			.string()
			.describe(
				"One of the step's documented outcomes, or `redirected`: the call was taken elsewhere",
			),
		edge: z
			.object({
				name: z.string().describe("next_step, or flow. and what was taken"),
				to: stepId,
			})
			.nullable()
			.describe(
				"The edge taken; null where the flow ends or was redirected. Exact digits of a sensitive step are not named: `flow.<digits>`",
			),
		detail: z
			.string()
			.nullable()
			.describe(
				"Why an http step failed, or nobody was joined by a connect, in words; else null",
			),
		duration_s: seconds,
	}),
	"call.controlled": z.object({
		command: z.enum(commandNames),
		value: z
			.string()
			.describe(
				"Of redirect the step where the walk goes on, of mute and hold `on` or `off`, of record its action, of play `text` or `url`, of digits how many",
			),
		step_id: stepId
			.nullable()
			.describe("The step that ran as it was asked for"),
	}),
	"sound.failed": z.object({
		step_id: stepId,
		detail,
		spoken_instead: z.boolean().describe("The step's text is spoken instead"),
	}),
	"call.bridged": z.object({ step_id: stepId, number }),
	"call.unbridged": z.object({
		step_id: stepId,
		number,
		duration_s: seconds,
		ended_by: z
			.enum(["callee", "other", "engine", "service"])
			.describe("`service`: the call was redirected"),
	}),
	"recording.ready": z.object({
		url: z.string().describe("Path of the wav in this API"),
		attempt: z.number().int().describe("Which attempt it is of, from 1"),
		duration_s: seconds,
		bytes: z.number().int().describe("How large the wav is"),
	}),
	"recording.failed": z.object({ detail }),
	"callback.scheduled": z.object({
		step_id: stepId,
		callback_id: z.string().describe("The callback's id"),
		entity,
		due_at: z.iso.datetime().describe("When it is due"),
	}),
	"callback.skipped": z.object({
		step_id: stepId,
		entity,
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

/** What every event has besides its type and its data. */
export const eventFields = {
	id: z.guid().describe("Of the event: a UUID, the same whenever it is sent"),
	seq: z.int().describe("1, 2, 3 … within the call, without a gap"),
	call_id: z.guid().describe("Which call"),
	cloud_id: z.string().describe("Whose account"),
	at: z.iso.datetime().describe("ISO 8601, UTC, milliseconds"),
	metadata: z
		.record(z.string(), z.unknown())
		.exactOptional()
		.describe("As it was posted with the call, where it was"),
} as const;

/** One event as it is kept and told. */
export type CallEvent = CallHappening &
	z.infer<z.ZodObject<typeof eventFields>>;
