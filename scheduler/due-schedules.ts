import { type Clock, instant } from "../core/clock.js";
import { message } from "../core/fault.js";
import { newId } from "../core/id.js";
import type { Log } from "../core/log.js";
import { type CompileContext, compileFlow, flowHash } from "../flow/flow.js";
import { startVariables } from "../flow/variables.js";
import { checkZone } from "../steps/zone.js";
import type {
	ScheduleFiring,
	ScheduleRecord,
	Schedules,
} from "../store/schedule.js";
import { checkCron, nextFiring } from "./cron.js";
import type { NewCall } from "./dispatcher.js";
import type { DueWork } from "./due.js";

/** A firing that is later was missed. */
const GRACE_MS = 60_000;

export interface DueSchedulesOptions
	extends Pick<CompileContext, "hasTrunk" | "refusesSip"> {
	schedules: Schedules;
	clock: Clock;
	log: Log;
}

type DueSchedule = ScheduleRecord & { nextAt: number };

/** Schedules as calls, each made of the stored request as it compiles today. */
export function dueSchedules(options: DueSchedulesOptions): DueWork {
	const { schedules, log } = options;
	return {
		fire: (limit, keep) =>
			schedules.fire(limit, (schedule, entities): ScheduleFiring => {
				const firing = firingOf(schedule, { ...options, entities });
				if ("problem" in firing) {
					log.warn({ scheduleId: schedule.id }, `paused: ${firing.problem}`);
					return { call: null, at: null, nextAt: null, detail: firing.problem };
				}
				if (firing.call === null)
					return { ...firing, detail: missed(schedule.nextAt) };
				const call = keep(firing.call, firing.at);
				return { ...firing, call, detail: null };
			}),
		nextDueAt: () => schedules.nextDueAt(),
		onDueSoon: (listener) => schedules.onDueSoon(listener),
	};
}

const missed = (at: number) => `the firing of ${instant(at)} was missed`;

type Firing =
	| { call: NewCall; at: number; nextAt: number | null }
	| { call: null; at: null; nextAt: number | null }
	| { problem: string };

/** One whose zone or pattern this Node does not know must not keep the others from theirs. */
function firingOf(
	schedule: DueSchedule,
	context: Pick<CompileContext, "entities" | "hasTrunk" | "refusesSip"> & {
		clock: Clock;
	},
): Firing {
	const now = context.clock.now();
	try {
		const { at, nextAt } = firingAt(schedule, now);
		if (at === null) return { call: null, at, nextAt };
		const call = callOf(schedule, now, context);
		return "problem" in call ? call : { call, at, nextAt };
	} catch (error) {
		const { cron, timezone } = schedule;
		const why = checkZone(timezone) ?? checkCron(cron) ?? message(error);
		return { problem: `it cannot be fired: ${why}` };
	}
}

/** Which of the firings that are due happens now, and when the next one is. */
export function firingAt(
	{ cron, timezone, missed, nextAt }: DueSchedule,
	now: number,
): { at: number | null; nextAt: number | null } {
	const after = (instant: number) => nextFiring(cron, timezone, instant);
	if (now - nextAt <= GRACE_MS) return { at: nextAt, nextAt: after(nextAt) };
	if (missed === "run_once") return { at: nextAt, nextAt: after(now) };
	// the newest may be late by no more than the grace
	const next = after(now - GRACE_MS - 1);
	return next !== null && next <= now
		? { at: next, nextAt: after(next) }
		: { at: null, nextAt: next };
}

function callOf(
	{ id: scheduleId, cloudId, request }: DueSchedule,
	now: number,
	context: Pick<CompileContext, "entities" | "hasTrunk" | "refusesSip">,
): NewCall | { problem: string } {
	const compiled = compileFlow(request.flow, { ...context, now });
	if (!compiled.ok)
		return {
			problem: compiled.problems
				.map(({ path, hint }) => `${path}: ${hint}`)
				.join("; "),
		};
	const { flow } = compiled;
	const id = newId();
	const initial = new Map(Object.entries(request.variables));
	const values = startVariables(flow, id, initial);
	return {
		...request,
		id,
		cloudId,
		flow,
		flowHash: flowHash(flow),
		number: values.get("call.number") ?? "",
		callerId: values.get("call.caller_id") ?? "",
		dueAt: now,
		parentCallId: null,
		callbackId: null,
		scheduleId,
	};
}
