import { z } from "zod";
import { instant } from "../core/clock.js";
import { type CallbackRecord, callbackStatuses } from "../store/callback.js";
import { missedPolicies, type ScheduleRecord } from "../store/schedule.js";
import { instantAnswer, instantOrNull } from "./answer.js";
import { warningsAnswer } from "./problem.js";
import { retryAnswer } from "./views.js";

const metadata = z
	.record(z.string(), z.unknown())
	.nullable()
	.describe("Comes back in every event of its calls");

export const callbackAnswer = z
	.object({
		id: z.guid().describe("The callback's id"),
		status: z.enum(callbackStatuses).describe("How far it has come"),
		detail: z.string().nullable().describe("Why it failed"),
		entity: z.string().describe("The voice id that is rung first"),
		number: z.string().describe("Who is called when that one has answered"),
		caller_id: z.string().describe("What both are shown"),
		due_at: instantAnswer("When it is due"),
		date: z.string().describe("YYYY-MM-DD in timezone"),
		time: z.string().describe("HH:MM:SS in timezone"),
		timezone: z.string().describe("A name of the IANA database, or UTC"),
		resolution: z
			.enum(["exact", "gap", "overlap"])
			.describe(
				"gap: clocks jump over this time, so it is as much later; overlap: it comes twice, the first is taken",
			),
		...retryAnswer.shape,
		record: z.boolean().describe("Whether its calls are recorded"),
		publish: z
			.object({
				url: z.string().describe("http or https"),
				method: z.enum(["POST", "PUT"]).describe("With which method"),
			})
			.nullable()
			.describe("Where events are sent"),
		metadata,
		parent_call_id: z
			.guid()
			.nullable()
			.describe("The call that arranged it; null where a client did"),
		step_id: z.string().nullable().describe("The step that arranged it"),
		call_id: z.guid().nullable().describe("The call that it has become"),
		created_at: instantAnswer("When it was made"),
		updated_at: instantAnswer("When it was last changed"),
	})
	.meta({ id: "Callback", description: "A callback" });

export const scheduleAnswer = z
	.object({
		id: z.guid().describe("The schedule's id"),
		status: z.enum(["active", "paused"]).describe("paused: it makes no calls"),
		detail: z.string().nullable().describe("Why the service paused it"),
		cron: z.string().describe("The cron pattern"),
		timezone: z.string().describe("The zone that the pattern is read in"),
		missed: z
			.enum(missedPolicies)
			.describe("What happens to firings that were missed"),
		next_at: z.iso
			.datetime()
			.nullable()
			.describe("When it fires next; null while it is paused"),
		last_at: instantOrNull("When it last fired"),
		last_call_id: z.guid().nullable().describe("The call it made then"),
		record: z.boolean().describe("Whether its calls are recorded"),
		metadata,
		created_at: instantAnswer("When it was made"),
	})
	.meta({ id: "Schedule", description: "A schedule" });

export const newScheduleAnswer = scheduleAnswer
	.extend({ warnings: warningsAnswer })
	.meta({ id: "NewSchedule", description: "A schedule that was just made" });

/** A callback as the API shows it. */
export function callbackView(
	callback: CallbackRecord,
): z.infer<typeof callbackAnswer> {
	const { retry } = callback;
	return {
		id: callback.id,
		status: callback.status,
		detail: callback.detail,
		entity: callback.entity,
		number: callback.number,
		caller_id: callback.callerId,
		due_at: instant(callback.dueAt),
		date: callback.date,
		time: callback.time,
		timezone: callback.timezone,
		resolution: callback.resolution,
		attempts: retry.attempts,
		interval: retry.interval,
		on: [...retry.on],
		record: callback.record,
		publish: callback.publish,
		metadata: callback.metadata,
		parent_call_id: callback.parentCallId,
		step_id: callback.stepId,
		call_id: callback.firedCallId,
		created_at: instant(callback.createdAt),
		updated_at: instant(callback.updatedAt),
	};
}

/** A schedule as the API shows it; its flow may hold credentials and is not shown. */
export function scheduleView(
	schedule: ScheduleRecord,
): z.infer<typeof scheduleAnswer> {
	const { request } = schedule;
	return {
		id: schedule.id,
		status: schedule.status,
		detail: schedule.detail,
		cron: schedule.cron,
		timezone: schedule.timezone,
		missed: schedule.missed,
		next_at: shown(schedule.nextAt),
		last_at: shown(schedule.lastAt),
		last_call_id: schedule.lastCallId,
		record: request.record,
		metadata: request.metadata,
		created_at: instant(schedule.createdAt),
	};
}

const shown = (epochMs: number | null) =>
	epochMs === null ? null : instant(epochMs);
