import { instant } from "../core/clock.js";
import type { MissedOutcome } from "../core/outcome.js";
import { fillStep } from "../steps/fill.js";
import { sourcesOf } from "../steps/play.js";
import type { Outside, StepResult } from "../steps/step.js";
import type { Flow, FlowStep } from "./flow.js";
import { MOST_STEPS } from "./limits.js";
import type { ScriptEntry } from "./script.js";
import { isPrivate } from "./sensitive.js";
import { shortened, startVariables } from "./variables.js";
import { edgeTaken } from "./ways.js";

/** Characters of JSON. */
const MOST_TOLD = 2_000_000;

/** The id that a simulated call has. */
export const SIMULATED_CALL = "00000000-0000-0000-0000-000000000000";

export interface SimulateOptions {
	variables: ReadonlyMap<string, string>;
	/** Epoch milliseconds; it stays this instant. */
	now: number;
	/** Voice ids that exist. */
	entities: readonly string[] | "any";
	script: readonly ScriptEntry[];
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

/** What is needed to go on. */
export type Wanted = "digits" | "connect" | "http";

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
		const outside = world.during(step, filled, next?.definition.type);
		if ("wants" in outside)
			return done({ reason: "waits", step_id: id, ...outside });
		const result = step.definition.simulate(filled, outside);
		for (const [name, value] of Object.entries(result.variables ?? {}))
			variables.set(name, shortened(value));
		const told = toldOf(step, filled, result, unset);
		steps.push(told);
		const reason = endOf(step, result);
		if (reason) return done({ ...END, reason, step_id: id });
		if (steps.length === MOST_STEPS)
			return done({ ...END, reason: "step_limit", step_id: id });
		length += JSON.stringify(told).length;
		if (length > MOST_TOLD)
			return done({ ...END, reason: "too_long", step_id: id });
		id = told.edge?.to ?? null;
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
	const [source] = definition.waitsFor === "sound" ? sourcesOf(filled) : [];
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

type Kind = keyof ScriptEntry;

/** Everybody outside of the flow, who keep to the script: servers in their order, people in theirs. */
class World {
	readonly #options: SimulateOptions;
	readonly #used = new Set<number>();
	/** Pressed, and taken by no step yet. */
	#ahead = "";
	#private = false;

	constructor(options: SimulateOptions) {
		this.#options = options;
	}

	get left(): number[] {
		return [...this.#options.script.keys()].filter(
			(index) => !this.#used.has(index),
		);
	}

	/** What was pressed before a step that takes sensitive digits, or in it, is nobody else's. */
	begin(isPrivate: boolean): void {
		if (isPrivate !== this.#private) this.#ahead = "";
		this.#private = isPrivate;
	}

	/** What happens while a step runs, or what it waits for. */
	during(
		step: FlowStep,
		filled: FlowStep["fields"],
		followedBy: string | undefined,
	): Outside | { wants: Wanted; hint: string | null } {
		const { now, entities } = this.#options;
		const exist = entities === "any" ? textsOf(filled) : entities;
		const always = { at: instant(now), entities: exist };
		const { definition } = step;
		if (definition.type === "call")
			return { ...always, rings: this.#take(["call"])?.call ?? "answered" };
		if (this.#hangsUpAt(step.id)) return { ...always, hangsUp: true };
		switch (definition.waitsFor) {
			case "sound":
				// as flow/run.ts: only before a keypad does a key stop it
				return followedBy === "keypad"
					? { ...always, presses: this.#ahead }
					: always;
			case "server": {
				const entry = this.#take(["http"]);
				if (!entry) return this.#waits("http", ["http"]);
				return { ...always, http: answerOf(entry.http) };
			}
			case "party": {
				this.#ahead = "";
				const entry = this.#take(["connect", "hangup"]);
				if (!entry) return this.#waits("connect", ["connect", "hangup"]);
				return entry.hangup
					? { ...always, hangsUp: true }
					: { ...always, rings: ringsOf(entry.connect) };
			}
			case "digits":
				return this.#digits(step, filled, always);
			default:
				return always;
		}
	}

	#digits(
		{ definition }: FlowStep,
		filled: FlowStep["fields"],
		always: Outside,
	): Outside | { wants: Wanted; hint: string | null } {
		const kinds: Kind[] = ["digits", "timeout", "hangup"];
		if (this.#ahead === "") {
			const entry = this.#take(kinds);
			if (!entry) return this.#waits("digits", kinds);
			if (entry.hangup) return { ...always, hangsUp: true };
			this.#ahead = entry.digits ?? "";
		}
		const presses = this.#ahead;
		const taken = definition.takes?.(filled, presses) ?? presses.length;
		this.#ahead = presses.slice(taken);
		return { ...always, presses: presses.slice(0, taken) };
	}

	/** Servers answer beside what people do. */
	#next(kinds: readonly Kind[]): [number, ScriptEntry] | undefined {
		const isServer = kinds.includes("http");
		return [...this.#options.script.entries()].find(
			([index, entry]) =>
				!this.#used.has(index) &&
				typeof entry.hangup !== "string" &&
				"http" in entry === isServer,
		);
	}

	#take(kinds: readonly Kind[]): ScriptEntry | undefined {
		const [index, entry] = this.#next(kinds) ?? [];
		if (index === undefined || !entry) return undefined;
		if (!kinds.some((kind) => kind in entry)) return undefined;
		this.#used.add(index);
		return entry;
	}

	#hangsUpAt(stepId: string): boolean {
		const index = this.#options.script.findIndex(
			({ hangup }) => hangup === stepId,
		);
		if (index !== -1) this.#used.add(index);
		return index !== -1;
	}

	#waits(wants: Wanted, kinds: readonly Kind[]) {
		const [index, entry] = this.#next(kinds) ?? [];
		const wanted = kinds.join(", ").replace(/, ([a-z]+)$/, " or $1");
		const hint = entry
			? `$.script[${index}] is ${Object.keys(entry)[0]}, but this step takes ${wanted}`
			: null;
		return { wants, hint };
	}
}

const textsOf = (filled: FlowStep["fields"]) =>
	Object.values(filled).filter((value) => typeof value === "string");

function answerOf(
	http: ScriptEntry["http"],
): NonNullable<Outside["http"]> | null {
	if (!http) return null;
	const { status, json, body } = http;
	const text = json === undefined ? body : JSON.stringify(json);
	return { status, ...(text !== undefined && { body: text }) };
}

const ringsOf = (connect: ScriptEntry["connect"]) =>
	connect === "completed" || connect === undefined
		? "answered"
		: (connect satisfies MissedOutcome);
