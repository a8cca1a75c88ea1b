import { z } from "zod";
import { instant } from "../core/clock.js";
import type { FlowEvent } from "../core/event.js";
import { edgesNamed, isTemplate, nextStep, target } from "./fields.js";
import { retryFields, retryOf } from "./retry.js";
import { defineStep } from "./step.js";
import {
	checkDate,
	checkTime,
	checkZone,
	type WallTime,
	wallTimeToInstant,
} from "./zone.js";

type SkipReason = Extract<
	FlowEvent,
	{ type: "callback.skipped" }
>["data"]["reason"];
type Resolution = Extract<WallTime, { kind: "instant" }>["resolution"];

interface Asked {
	date: string;
	time: string;
	timezone: string;
	entity: string;
}

const EXAMPLE = {
	date: "2030-10-11",
	time: "20:48:00",
	timezone: "Asia/Kolkata",
	entity: 5263,
};
const OUTSIDE = { at: "2030-10-01T00:00:00.000Z", entities: ["5263"] };

const oddities: Partial<
	Record<SkipReason | Resolution, { field: string; hint: string }>
> = {
	past: {
		field: "date",
		hint: "this time is past, so no appointment will be made",
	},
	unknown_entity: {
		field: "entity",
		hint: "no user or team has this voice id now; without one no appointment is made",
	},
	gap: {
		field: "time",
		hint: "clocks are put forward over this time; the appointment is as much later",
	},
	overlap: {
		field: "time",
		hint: "clocks show this time twice; the appointment is at the first",
	},
};

/** A part of a wall time: checked here as far as it is no template. */
const part = (check: (text: string) => string | null) =>
	z
		.string()
		.max(64)
		.superRefine((text, issues) => {
			const complaint = isTemplate(text) ? null : check(text);
			if (complaint) issues.addIssue({ code: "custom", message: complaint });
		});

export const callback = defineStep({
	type: "callback",
	aliases: [],
	summary: "Makes an appointment to call back.",
	fields: {
		date: part(checkDate).describe("YYYY-MM-DD"),
		time: part(checkTime).describe("HH:MM or HH:MM:SS of a 24 hour clock"),
		timezone: part(checkZone).describe(
			'A name of the IANA database, such as "Europe/London", or "UTC"',
		),
		entity: target.describe("The voice id of the user or team who calls back"),
		...retryFields,
		flow: edgesNamed(["fail"])
			.optional()
			.describe("Where to go: fail where no appointment can be made"),
		next_step: nextStep,
	},
	templates: { date: "text", time: "text", timezone: "text", entity: "text" },
	secret: [],
	outcomes: {
		scheduled: { says: "The appointment is made", edges: ["next_step"] },
		skipped: {
			says: "No appointment: the time is past or impossible, or nobody has this voice id",
			edges: ["flow.fail", "next_step"],
		},
	},
	examples: [
		{
			title: "An appointment",
			step: EXAMPLE,
			outside: OUTSIDE,
			outcome: "scheduled",
		},
		{
			title: "A time that was pressed",
			step: { ...EXAMPLE, time: "<<hour>>:00", flow: { fail: "again" } },
			variables: { hour: "25" },
			outside: OUTSIDE,
			outcome: "skipped",
		},
		{
			title: "A time that is past",
			step: EXAMPLE,
			outside: { ...OUTSIDE, at: "2031-01-01T00:00:00.000Z" },
			outcome: "skipped",
		},
		{
			title: "Nobody has this voice id",
			step: { ...EXAMPLE, entity: 5264 },
			outside: OUTSIDE,
			outcome: "skipped",
		},
	],
	check(step, { now, entities }) {
		const { date = "", time = "", timezone = "", entity = "" } = step;
		// What is wrong or a template is an impossible time here, and nothing is said of it.
		const planned = plan(
			{ date, time, timezone, entity },
			now,
			(id) => isTemplate(id) || entities.has(id),
		);
		const oddity = typeof planned === "string" ? planned : planned.resolution;
		const odd = oddities[oddity];
		return odd === undefined ? [] : [{ severity: "warning", ...odd }];
	},
	async execute(step, context) {
		const { emit, stepId, clock, variables } = context;
		const entities = await context.entities();
		const planned = plan(step, clock.now(), (id) => entities.has(id));
		if (typeof planned === "string") {
			emit({
				type: "callback.skipped",
				data: { step_id: stepId, entity: step.entity, reason: planned },
			});
			return { outcome: "skipped" };
		}
		const id = await context.appointments.make({
			callId: context.callId,
			cloudId: context.cloudId,
			stepId,
			entity: step.entity,
			date: step.date,
			time: planned.time,
			timezone: step.timezone,
			dueAt: planned.at,
			resolution: planned.resolution,
			number: variables.get("call.number") ?? "",
			callerId: variables.get("call.caller_id") ?? "",
			record: context.record,
			retry: retryOf(step),
		});
		emit({
			type: "callback.scheduled",
			data: {
				step_id: stepId,
				callback_id: id,
				entity: step.entity,
				due_at: instant(planned.at),
			},
		});
		return { outcome: "scheduled" };
	},
	simulate(step, { at, entities = [] }) {
		const now = at === undefined ? Number.NEGATIVE_INFINITY : Date.parse(at);
		const planned = plan(step, now, (id) => entities.includes(id));
		return { outcome: typeof planned === "string" ? "skipped" : "scheduled" };
	},
});

/** When a filled step's appointment is due, or why there is none. */
function plan(
	{ date, time, timezone, entity }: Asked,
	now: number,
	exists: (entity: string) => boolean,
): Extract<WallTime, { kind: "instant" }> | SkipReason {
	const wall = wallTimeToInstant(date, time, timezone);
	if (wall.kind === "invalid") return "invalid_time";
	if (wall.at <= now) return "past";
	return exists(entity) ? wall : "unknown_entity";
}
