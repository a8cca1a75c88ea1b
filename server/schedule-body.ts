import { z } from "zod";
import type { Entities } from "../core/entity.js";
import type { Problem } from "../core/fault.js";
import type { Limits } from "../core/limits.js";
import { problem } from "../flow/problem.js";
import { checkCron, nextFiring } from "../scheduler/cron.js";
import { checkZone } from "../steps/zone.js";
import {
	missedPolicies,
	type NewSchedule,
	type ScheduleRecord,
} from "../store/schedule.js";
import { checkCallRequest } from "./call-request.js";
import type { AppDeps } from "./deps.js";
import { badRequest, readBody } from "./read-input.js";

type Deps = Pick<AppDeps, "hasTrunk" | "refusesSip" | "clock" | "http"> & {
	entities: Entities;
	limits: Limits;
};

const part = (check: (text: string) => string | null) =>
	z
		.string({ error: "write a string" })
		.max(200)
		.superRefine((text, issues) => {
			const complaint = check(text);
			if (complaint) issues.addIssue({ code: "custom", message: complaint });
		});

/** Of the body of POST /schedules. */
export const fields = {
	cron: part(checkCron).describe(
		"A cron pattern: minute, hour, day of the month, month, day of the week",
	),
	timezone: part(checkZone).describe("A name of the IANA database, or UTC"),
	missed: z
		.enum(missedPolicies, {
			error: `write one of ${missedPolicies.join(", ")}`,
		})
		.default("skip")
		.describe("What happens to firings that were missed (skip if left out)"),
	request: z.unknown().describe("A body of POST /call/flow, without start_at"),
};

type Fields = z.infer<z.ZodObject<typeof fields>>;

/** Reads the body of POST /schedules; throws a Fault with all that is wrong with it and with the request in it. */
export function readNewSchedule(
	body: unknown,
	deps: Deps,
): Omit<NewSchedule, "cloudId"> & { warnings: Problem[] } {
	const between = (right: Partial<Fields>) => [
		...neverFires(right, deps),
		...startProblems(right.request),
		...requestProblems(check(right.request, deps)),
	];
	const read = readBody(fields, body, between);
	const { cron, timezone, missed, request } = read;
	const own = [...neverFires(read, deps), ...startProblems(request)];
	const checked = check(request, deps);
	if (own.length > 0 || !checked.ok)
		throw badRequest(
			[...own, ...requestProblems(checked)],
			own.length > 0 || checked.ok ? "BAD_REQUEST" : checked.code,
		);
	const { warnings, flow, dueAt: _now, ...rest } = checked.request;
	return {
		...{ cron, timezone, missed, nextAt: nextFrom(read, deps) },
		request: { ...rest, flow: flow.source },
		warnings: warnings.map(within),
	};
}

/** The next firing from now on; throws BAD_REQUEST if there is none, or if this Node knows no such zone. */
export function nextFrom(
	schedule: Pick<ScheduleRecord, "cron" | "timezone">,
	{ clock }: Pick<AppDeps, "clock">,
): number {
	const { cron, timezone } = schedule;
	const zone = checkZone(timezone);
	if (zone !== null) throw badRequest([problem("$.timezone", timezone, zone)]);
	const nextAt = nextFiring(cron, timezone, clock.now());
	if (nextAt !== null) return nextAt;
	throw badRequest(neverFires(schedule, { clock }));
}

function neverFires(
	{ cron, timezone }: Partial<Pick<ScheduleRecord, "cron" | "timezone">>,
	{ clock }: Pick<AppDeps, "clock">,
): Problem[] {
	if (cron === undefined || timezone === undefined) return [];
	if (nextFiring(cron, timezone, clock.now()) !== null) return [];
	const hint = "no calendar has such a day; write one that comes";
	return [problem("$.cron", cron, hint)];
}

function startProblems(request: unknown): Problem[] {
	if (typeof request !== "object" || request === null) return [];
	if (!Object.hasOwn(request, "start_at")) return [];
	const start: unknown = Reflect.get(request, "start_at");
	const hint = "leave it out: the schedule says when";
	return [problem("$.request.start_at", start, hint)];
}

const check = (request: unknown, { clock, http, ...context }: Deps) =>
	checkCallRequest(request, {
		now: clock.now(),
		entities: context.entities,
		hasTrunk: context.hasTrunk,
		limits: context.limits,
		refusesSip: context.refusesSip,
		refuses: http.refuses,
	});

const requestProblems = (checked: ReturnType<typeof check>): Problem[] =>
	checked.ok ? [] : checked.problems.map(within);

/** `$.flow[0]` of the request is `$.request.flow[0]` of the schedule. */
const within = (one: Problem): Problem => ({
	...one,
	path: one.path.replace(/^\$/, "$.request"),
});
