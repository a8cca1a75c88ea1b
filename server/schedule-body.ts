import { z } from "zod";
import type { Entities } from "../core/entity.js";
import { Fault, type Problem } from "../core/fault.js";
import type { Limits } from "../core/limits.js";
import { problem } from "../flow/problem.js";
import { checkCron, nextFiring } from "../scheduler/cron.js";
import { checkZone } from "../steps/zone.js";
import {
	missedPolicies,
	type NewSchedule,
	type ScheduleRecord,
} from "../store/schedule.js";
import { type CallRequest, readCallRequest } from "./call-request.js";
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

/** Reads the body of POST /schedules; throws a Fault with what is wrong with it, or with the request in it. */
export function readNewSchedule(
	body: unknown,
	deps: Deps,
): Omit<NewSchedule, "cloudId"> & { warnings: Problem[] } {
	const { cron, timezone, missed, request } = readBody(fields, body);
	const nextAt = nextFrom({ cron, timezone }, deps);
	refuseStart(request);
	const { warnings, flow, dueAt: _now, ...rest } = readRequest(request, deps);
	return {
		...{ cron, timezone, missed, nextAt },
		request: { ...rest, flow: flow.source },
		warnings: warnings.map(within),
	};
}

/** The next firing from now on; throws BAD_REQUEST if there is none. */
export function nextFrom(
	{ cron, timezone }: Pick<ScheduleRecord, "cron" | "timezone">,
	{ clock }: Pick<AppDeps, "clock">,
): number {
	const nextAt = nextFiring(cron, timezone, clock.now());
	if (nextAt !== null) return nextAt;
	const hint = "no calendar has such a day; write one that comes";
	throw badRequest([problem("$.cron", cron, hint)]);
}

function refuseStart(request: unknown): void {
	if (typeof request !== "object" || request === null) return;
	if (!Object.hasOwn(request, "start_at")) return;
	const start: unknown = Reflect.get(request, "start_at");
	const hint = "leave it out: the schedule says when";
	throw badRequest([problem("$.request.start_at", start, hint)]);
}

function readRequest(request: unknown, deps: Deps): CallRequest {
	const { clock, http, ...context } = deps;
	try {
		return readCallRequest(request, {
			now: clock.now(),
			entities: context.entities,
			hasTrunk: context.hasTrunk,
			limits: context.limits,
			refusesSip: context.refusesSip,
			refuses: http.refuses,
		});
	} catch (error) {
		if (!(error instanceof Fault)) throw error;
		const problems = error.problems.map(within);
		const words =
			problems.length === 1 ? badRequest(problems).message : error.message;
		throw new Fault(error.code, words, { problems });
	}
}

/** `$.flow[0]` of the request is `$.request.flow[0]` of the schedule. */
const within = (one: Problem): Problem => ({
	...one,
	path: one.path.replace(/^\$/, "$.request"),
});
