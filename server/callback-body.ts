import { z } from "zod";
import type { WallInstant } from "../core/appointments.js";
import type { Entities } from "../core/entity.js";
import type { Problem } from "../core/fault.js";
import { problem } from "../flow/problem.js";
import { callerId, checkTarget, isTemplate, target } from "../steps/fields.js";
import { retryFields } from "../steps/retry.js";
import {
	checkDate,
	checkTime,
	checkZone,
	wallTimeToInstant,
} from "../steps/zone.js";
import type { CallbackChange, CallbackRecord } from "../store/callback.js";
import { fields as flowFields } from "./call-request.js";
import type { AppDeps } from "./deps.js";
import { instantText } from "./instant.js";
import { badRequest, readBody } from "./read-input.js";

type Deps = Pick<AppDeps, "hasTrunk" | "refusesSip" | "clock"> & {
	entities: Entities;
};

const part = (check: (text: string) => string | null) =>
	z.string({ error: "write a string" }).superRefine((text, issues) => {
		const complaint = check(text);
		if (complaint) issues.addIssue({ code: "custom", message: complaint });
	});

const when = {
	date: part(checkDate).optional().describe("YYYY-MM-DD"),
	time: part(checkTime).optional().describe("HH:MM:SS of a 24 hour clock"),
	timezone: part(checkZone)
		.optional()
		.describe("A name of the IANA database, or UTC"),
	due_at: instantText
		.optional()
		.describe(
			"When it is due, in place of date, time and timezone: 2030-10-11T20:48:00Z",
		),
};

/** No template: there is no call whose values it could be filled with. */
const written = (schema: z.ZodType<string>) =>
	schema.refine((text) => !isTemplate(text), {
		error: "write it out; nothing is filled in here",
	});

const { record, publish, metadata } = flowFields;
const entityField = written(target).describe(
	"The voice id of the user or team that is rung first",
);
/** Of the body of POST /callbacks. */
export const newFields = {
	entity: entityField,
	number: written(target).describe(
		"Who is called when that one has answered: a number or a sip: address",
	),
	caller_id: written(callerId).describe("What both are shown"),
	...when,
	...retryFields,
	record,
	publish,
	metadata,
};
/** Of the body of PATCH /callbacks/{id}. */
export const changeFields = {
	entity: entityField.optional(),
	...when,
	// a field with a default would be changed by being left out
	attempts: retryFields.attempts
		.unwrap()
		.optional()
		.describe("How often it is tried, 1 to 20"),
	interval: retryFields.interval
		.unwrap()
		.optional()
		.describe("Seconds from the end of one attempt to the next"),
	on: retryFields.on
		.unwrap()
		.optional()
		.describe("Outcomes after which it is tried again"),
};

type ChangeFields = z.infer<z.ZodObject<typeof changeFields>>;
type NewFields = z.infer<z.ZodObject<typeof newFields>>;
type When = { [K in keyof typeof when]?: string | undefined };

/** Reads the body of POST /callbacks; throws BAD_REQUEST with all that is wrong. */
export function readNewCallback(body: unknown, deps: Deps) {
	const between = (
		{ entity, number, ...read }: Partial<NewFields>,
		told: ReadonlySet<string> = new Set(),
	) => {
		const due = told.has("$.due_at") ? null : dueOf(read, {}, deps);
		return [
			...(due && "problems" in due ? due.problems : []),
			...entityProblems(entity, deps),
			...targetProblems(number, deps),
		];
	};
	const { caller_id, attempts, interval, on, ...read } = readBody(
		newFields,
		body,
		between,
	);
	const { entity, number, record, publish, metadata } = read;
	const due = dueOf(read, {}, deps);
	const problems = between(read);
	if ("problems" in due || problems.length > 0) throw badRequest(problems);
	return {
		...due,
		...{ entity, number, record, publish, metadata },
		callerId: caller_id,
		retry: { attempts, interval, on },
	};
}

/** Reads the body of PATCH /callbacks/{id}. What it leaves out stays as it is. */
export function readCallbackChange(
	body: unknown,
	before: CallbackRecord,
	deps: Deps,
): CallbackChange {
	const newDue = (read: When) =>
		Object.values(read).some((value) => value !== undefined)
			? dueOf(read, before, deps)
			: null;
	const between = (
		{ entity, ...read }: Partial<ChangeFields>,
		told: ReadonlySet<string> = new Set(),
	) => {
		const { date, time, timezone, due_at } = read;
		const due = told.has("$.due_at")
			? null
			: newDue({ date, time, timezone, due_at });
		return [
			...(due && "problems" in due ? due.problems : []),
			...entityProblems(entity, deps),
		];
	};
	const { entity, attempts, interval, on, ...read } = readBody(
		changeFields,
		body,
		between,
	);
	const due = newDue(read);
	const problems = between({ entity, ...read });
	if ((due && "problems" in due) || problems.length > 0)
		throw badRequest(problems);
	const { retry } = before;
	return {
		...due,
		...(entity !== undefined && { entity }),
		retry: {
			attempts: attempts ?? retry.attempts,
			interval: interval ?? retry.interval,
			on: on ?? retry.on,
		},
	};
}

function entityProblems(
	entity: string | undefined,
	{ entities }: Deps,
): Problem[] {
	const hint =
		"no user or team has this voice id; write one that GET /entities shows";
	return entity === undefined || entities.has(entity)
		? []
		: [problem("$.entity", entity, hint)];
}

function targetProblems(number: string | undefined, deps: Deps): Problem[] {
	if (number === undefined) return [];
	return checkTarget(number, deps)
		.filter(({ severity }) => severity === "problem")
		.map(({ hint }) => problem("$.number", number, hint));
}

/** When it is due; of a wall time, what is left out is as it was `before`. */
function dueOf(
	{ due_at, date, time, timezone }: When,
	before: Partial<Pick<WallInstant, "date" | "time" | "timezone">>,
	{ clock }: Deps,
): WallInstant | { problems: Problem[] } {
	const wall = { date, time, timezone };
	const given = Object.values(wall).some((value) => value !== undefined);
	if (due_at !== undefined && given)
		return {
			problems: [
				problem("$.due_at", due_at, "leave it out, or date, time and timezone"),
			],
		};
	const due = due_at === undefined ? resolve(wall, before) : inUtc(due_at);
	if ("problems" in due || due.dueAt > clock.now()) return due;
	const [path, value] =
		due_at === undefined ? ["$.date", due.date] : ["$.due_at", due_at];
	return {
		problems: [problem(path, value, "this time is past; write one to come")],
	};
}

function inUtc(dueAt: string): WallInstant {
	const at = Date.parse(dueAt);
	const [date = "", time = ""] = new Date(at).toISOString().split("T");
	return {
		...{ date, time: time.slice(0, 8), timezone: "UTC" },
		...{ dueAt: at, resolution: "exact" },
	};
}

function resolve(
	wall: When,
	before: Partial<Pick<WallInstant, "date" | "time" | "timezone">>,
): WallInstant | { problems: Problem[] } {
	const date = wall.date ?? before.date;
	const time = wall.time ?? before.time;
	const timezone = wall.timezone ?? before.timezone;
	if (date === undefined || time === undefined || timezone === undefined) {
		const missing = Object.entries({ date, time, timezone }).filter(
			([, value]) => value === undefined,
		);
		const hint = "write date, time and timezone, or due_at";
		return {
			problems: missing.map(([name]) => problem(`$.${name}`, undefined, hint)),
		};
	}
	const resolved = wallTimeToInstant(date, time, timezone);
	if (resolved.kind === "invalid")
		return { problems: [problem("$.date", date, resolved.hint)] };
	const { at, resolution } = resolved;
	return { date, time: resolved.time, timezone, dueAt: at, resolution };
}
