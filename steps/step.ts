import type { z } from "zod";
import type { Appointments } from "../core/appointments.js";
import type { Call, DialResult, Ringing } from "../core/call.js";
import type { Clock } from "../core/clock.js";
import type { Entities } from "../core/entity.js";
import type { FlowEvent } from "../core/event.js";
import type { HttpClient } from "../core/http.js";
import type { MissedOutcome } from "../core/outcome.js";
import type { Sounds } from "../core/sounds.js";
import type { Place, Variables } from "../core/template.js";

export type Fields = Readonly<Record<string, z.ZodType>>;

/** A step's fields as they are after parsing: defaults filled, ids and numbers as strings. */
export type StepOf<F extends Fields> = z.output<z.ZodObject<F>>;

/**
 * What a step is. The zod fields, each with `.describe`, are its only description; `id` and `type` belong to every step
 * and are not among them. Edges are the field `next_step` and the entries of the field `flow`, where a step has them.
 */
export interface StepDefinition<
	F extends Fields = Fields,
	O extends string = string,
> {
	type: string;
	/** Other words a flow may write for `type`. */
	aliases: readonly string[];
	summary: string;
	fields: F;
	/** The fields that hold templates and where their values land; filled in this order, so a place may depend on those before it. */
	templates: {
		readonly [Name in keyof F & string]?: Place | PlaceByStep<StepOf<F>>;
	};
	/** Fields that may hold variables with sensitive digits; the others of every step may not. `execute` sees that they go nowhere else. */
	takesSensitive?: readonly (keyof F & string)[];
	/** Fields whose values never come back in an answer. */
	secret: readonly (keyof F & string)[];
	outcomes: Readonly<Record<O, OutcomeRow>>;
	/** What of the outside world it waits for; a step without it is done at once. */
	waitsFor?: "digits" | "party" | "server" | "sound";
	/** How many of the keys that were pressed it takes; the others wait for the next step. */
	takes?(step: StepOf<F>, presses: string): number;
	/** Names of the variables that a step sets. */
	sets?(step: Partial<StepOf<F>>): readonly string[];
	examples: readonly Example<O>[];
	/** What the fields say together or about the world; fields that are wrong by themselves are left out of `step`. */
	check?(step: Partial<StepOf<F>>, facts: CheckFacts): Finding[];
	/** `step` has its templates filled. Throws a Fault when the work cannot be done. */
	execute(step: StepOf<F>, context: StepContext): Promise<StepResult<O>>;
	/** What `execute` would answer if the outside world did this; does nothing. */
	simulate(step: StepOf<F>, outside: Outside): StepResult<O>;
}

export interface PlaceByStep<Step> {
	placeIn(step: Step): Place;
}

export interface OutcomeRow {
	says: string;
	/** Edges in order of preference; `<digits>` stands for what was pressed. None: the flow ends. */
	edges: readonly string[];
}

export interface StepResult<O extends string = string> {
	outcome: O;
	/** What was pressed, for the edge `flow.<digits>`. */
	digits?: string;
	variables?: Readonly<Record<string, string>>;
	/** Why it failed, in words for whoever wrote the flow. */
	detail?: string;
}

/** What a step may use while it runs. */
export interface StepContext {
	readonly stepId: string;
	readonly callId: string;
	readonly cloudId: string;
	/** The call is recorded. */
	readonly record: boolean;
	readonly variables: Variables;
	/** A template of the step held a variable with sensitive digits. */
	readonly carriesSensitive: boolean;
	/** Type of the step that `next_step` leads to. */
	readonly followedBy: string | undefined;
	/** The answered leg. */
	readonly call: Call;
	/** Aborts when the leg is over, the service ends the call or the walk is taken elsewhere. */
	readonly over: AbortSignal;
	dial(request: FlowDial): Promise<DialResult>;
	readonly sounds: Sounds;
	readonly http: HttpClient;
	readonly appointments: Appointments;
	/** The account's, as they are now. */
	entities(): Promise<Entities>;
	readonly clock: Clock;
	emit(event: FlowEvent): void;
}

/** What the entry step asks for. */
export interface FlowDial extends Ringing {
	/** From the answer on. */
	maxDurationMs: number;
}

/** What is known when a flow is checked. */
export interface CheckFacts {
	/** Epoch milliseconds. */
	now: number;
	entities: Entities;
	hasTrunk: boolean;
	/** Whether nothing may be asked of a URL because of the address that it names. */
	refuses?(url: string): boolean;
	/** Names of the variables that hold sensitive digits. */
	sensitive: ReadonlySet<string>;
	/** Names of the fields that were written, right or wrong. */
	given: ReadonlySet<string>;
}

export interface Finding {
	/** A warning is odd but can run. */
	severity: "problem" | "warning";
	field: string;
	hint: string;
}

/** What everybody else does during one step. What is left out goes well: phones are answered, servers say 200. */
export interface Outside {
	/** Digits that the callee presses. */
	presses?: string;
	hangsUp?: boolean;
	/** How ringing ends: of the callee for `call`, of the other party for `connect`. */
	rings?: "answered" | MissedOutcome;
	/** Seconds that a conversation lasts. */
	talksFor?: number;
	/** The answer of an HTTP server; null: there is none. */
	http?: { status: number; body?: string } | null;
	/** No sound can be had from these URLs. */
	brokenUrls?: readonly string[];
	/** ISO 8601; the time at which the step runs. */
	at?: string;
	/** Voice ids of users and teams that exist. */
	entities?: readonly string[];
	/** A template of the step held a variable with sensitive digits. */
	carriesSensitive?: boolean;
}

export interface Example<O extends string = string> {
	title: string;
	/** As written in a flow, without `id` and `type`. */
	step: Readonly<Record<string, unknown>>;
	variables?: Readonly<Record<string, string>>;
	outside: Outside;
	outcome: O;
}

export function defineStep<F extends Fields, O extends string>(
	definition: StepDefinition<F, O>,
): StepDefinition<F, O> {
	return definition;
}
