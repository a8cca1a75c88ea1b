import { fillStep } from "../steps/fill.js";
import { playableOf } from "../steps/play.js";
import type { Outside, StepResult } from "../steps/step.js";
import type { Flow, FlowStep } from "./flow.js";
import { MOST_STEPS } from "./limits.js";
import { carriesSensitive, isPrivate } from "./sensitive.js";
import { shortened, startVariables } from "./variables.js";
import { edgeTaken } from "./ways.js";
import { type Wanted, World, type WorldOptions } from "./world.js";

/** Characters of JSON. */
const MOST_TOLD = 2_000_000;

/** The id that a simulated call has. */
export const SIMULATED_CALL = "00000000-0000-0000-0000-000000000000";

export interface SimulateOptions extends WorldOptions {
	variables: ReadonlyMap<string, string>;
}

/** What a simulated step did. */
export interface SimulatedStep {
	step_id: string;
	step_type: string;
	outcome: string;
	/** Null where the flow ends. */
	edge: { name: string; to: string } | null;
	/** The text that would be spoken or the address of the sound; null where nothing is. */
	says: string | null;
	/** Its fields, templates filled. */
	fields: Record<string, unknown>;
	/** Those it has set. */
	variables: Record<string, string>;
	/** Variables that its templates read and that were not set. */
	unset: string[];
	/** Why an http step failed, in words. */
	detail: string | null;
}

export interface Simulation {
	steps: SimulatedStep[];
	end: {
		reason:
			| "completed"
			| "callee_hung_up"
			| "missed"
			| "step_limit"
			/** As much as can be told. */
			| "too_long"
			| "waits";
		/** Where it ended, or waits. */
		step_id: string;
		/** With `waits`: which entry the script lacks. */
		wants: Wanted | null;
		/** With `waits`: what comes in the script instead; else null. */
		hint: string | null;
	};
	/** At the end. */
	variables: Record<string, string>;
	/** Indexes of entries that nothing has taken. */
	script_left: number[];
}

/**
 * Walks a flow by its steps' `simulate`, with a script for the outside world: nobody is rung, nothing is sent, and the same input has
 * the same output. Where the script has nothing for a step that waits for somebody, the walk stops there and says what it waits for.
 */
export function simulate(flow: Flow, options: SimulateOptions): Simulation {
	const world = new World(options);
	const variables = startVariables(flow, SIMULATED_CALL, options.variables);
	const steps: SimulatedStep[] = [];
	const done = (end: Simulation["end"]): Simulation => ({
		steps,
		end,
		variables: Object.fromEntries(variables),
		script_left: world.left,
	});
	let id: string | null = flow.entry;
	let last = flow.entry;
	let length = 0;
	while (id !== null) {
		last = id;
		const step = stepOf(flow, id);
		const after = step.edges.get("next_step");
		const next = after === undefined ? undefined : stepOf(flow, after);
		const { filled, unset } = fillStep(step.definition, step.fields, variables);
		world.begin(isPrivate(step, next));
		const happens = world.during(step, filled, next?.definition.type);
		if ("wants" in happens)
			return done({ reason: "waits", step_id: id, ...happens });
		const outside: Outside = {
			...happens,
			carriesSensitive: carriesSensitive(step, flow.sensitive),
		};
		const result = step.definition.simulate(filled, outside);
		for (const [name, value] of Object.entries(result.variables ?? {}))
			variables.set(name, shortened(value));
		const told = toldOf(step, filled, result, unset);
		if (happens.hangsUp) told.edge = null;
		length += JSON.stringify(told).length;
		if (length > MOST_TOLD)
			return done({ ...END, reason: "too_long", step_id: id });
		steps.push(told);
		const reason = happens.hangsUp ? "callee_hung_up" : endOf(step, result);
		if (reason) return done({ ...END, reason, step_id: id });
		id = told.edge?.to ?? null;
		if (id !== null && steps.length === MOST_STEPS)
			return done({ ...END, reason: "step_limit", step_id: last });
	}
	return done({ ...END, reason: "completed", step_id: last });
}

const END = { wants: null, hint: null } as const;

function stepOf(flow: Flow, id: string): FlowStep {
	const step = flow.steps.get(id);
	if (!step) throw new Error(`the flow has no step ${id}`);
	return step;
}

function endOf(
	{ definition }: FlowStep,
	{ outcome }: StepResult,
): "callee_hung_up" | "missed" | null {
	if (outcome === "hangup") return "callee_hung_up";
	return definition.type === "call" && outcome !== "answered" ? "missed" : null;
}

function toldOf(
	{ id, definition, edges }: FlowStep,
	filled: FlowStep["fields"],
	result: StepResult,
	unset: string[],
): SimulatedStep {
	const { flow: _, next_step: __, ...fields } = filled;
	const [source] = definition.waitsFor === "sound" ? playableOf(filled) : [];
	const taken = edgeTaken(definition, edges, result);
	return {
		step_id: id,
		step_type: definition.type,
		outcome: result.outcome,
		edge: taken && { name: taken.name, to: taken.to },
		says: source ? ("url" in source ? source.url : source.text) : null,
		fields,
		variables: Object.fromEntries(
			Object.entries(result.variables ?? {}).map(([name, value]) => [
				name,
				shortened(value),
			]),
		),
		unset,
		detail: result.detail ?? null,
	};
}
