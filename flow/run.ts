import type { Appointments } from "../core/appointments.js";
import type { Call, DialResult, LegEnd, Missed } from "../core/call.js";
import { type Clock, inSeconds } from "../core/clock.js";
import type { Entities } from "../core/entity.js";
import type { FlowEvent } from "../core/event.js";
import { Fault } from "../core/fault.js";
import type { HttpClient } from "../core/http.js";
import type { Sounds } from "../core/sounds.js";
import type { Variables } from "../core/template.js";
import { fillStep } from "../steps/fill.js";
import type { FlowDial, StepContext, StepResult } from "../steps/step.js";
import type { Flow, FlowStep } from "./flow.js";
import { MOST_STEPS } from "./limits.js";
import {
	carriesSensitive,
	isPrivate,
	isSensitive,
	quietAfter,
	RELEASED_MS,
	untilReleased,
} from "./sensitive.js";
import { Steering } from "./steering.js";
import { shortened, startVariables } from "./variables.js";
import { edgeTaken } from "./ways.js";

/** Everything a walk needs from the outside. */
export interface RunContext {
	identity: { callId: string; cloudId: string };
	/** The call is recorded; an appointment made on it asks for the same. */
	record: boolean;
	/** Initial values. */
	variables: Variables;
	/** Rings the callee; called once, by the entry step. */
	dial(request: FlowDial): Promise<DialResult>;
	sounds: Sounds;
	http: HttpClient;
	appointments: Appointments;
	/** The account's, as they are now. */
	entities(): Promise<Entities>;
	clock: Clock;
	/** Aborts when the service ends the call; what waits is given up. The leg is hung up by whoever aborts it. */
	signal: AbortSignal;
	/** Where there is none, nobody takes the walk elsewhere. */
	steering?: Steering;
}

/** Why the walk ended, and at which step. */
export type RunEnd =
	| { reason: "missed"; stepId: string; dial: Missed }
	| { reason: "completed" | "step_limit" | "callee_hung_up"; stepId: string }
	/** The service or the media engine ended the leg. */
	| { reason: "cut_off"; by: "service" | "engine"; stepId: string };

/** Walks a flow from its entry, telling what happens as it happens. Leaves a leg that is still there as it is. */
export async function* run(
	flow: Flow,
	context: RunContext,
): AsyncGenerator<FlowEvent, RunEnd> {
	const walk = new Walk(flow, context);
	let step = walk.stepAt(flow.entry);
	for (let walked = 1; ; walked++) {
		const edge = yield* walk.take(step);
		const next = await walk.after(edge);
		const end = walk.end(step.id);
		if (end) return end;
		if (next === null) return { reason: "completed", stepId: step.id };
		if (walked === MOST_STEPS) return { reason: "step_limit", stepId: step.id };
		step = walk.stepAt(next);
	}
}

class Walk {
	#flow: Flow;
	readonly #steering: Steering;
	readonly #context: RunContext;
	readonly #variables: Map<string, string>;
	#dialled: DialResult | undefined;
	#over: AbortSignal;
	/** Aborts when the step is not to go on. */
	#turn: AbortSignal;
	/** What is pressed may be sensitive. */
	#private = false;
	/** A step that takes sensitive digits was left early: without a key, until the rest of them cannot come any more. */
	#restMs = 0;
	#hungUp = false;

	constructor(flow: Flow, context: RunContext) {
		this.#flow = flow;
		this.#context = context;
		this.#steering = context.steering ?? new Steering();
		this.#over = context.signal;
		this.#turn = context.signal;
		this.#variables = startVariables(
			flow,
			context.identity.callId,
			context.variables,
		);
	}

	stepAt(id: string): FlowStep {
		const step = this.#flow.steps.get(id);
		if (!step) throw new Error(`the flow has no step ${id}`);
		return step;
	}

	/** Runs one step and returns the id of the next; null where the flow ends. */
	async *take(step: FlowStep): AsyncGenerator<FlowEvent, string | null> {
		const { definition, id } = step;
		const { clock } = this.#context;
		const turn = this.#steering.enter({ flow: this.#flow, stepId: id });
		this.#turn = AbortSignal.any([this.#over, turn]);
		const { filled, unset } = fillStep(
			definition,
			step.fields,
			this.#variables,
		);
		const told = { step_id: id, step_type: definition.type };
		const startedAt = clock.monotonic();
		yield { type: "step.started", data: { ...told, warnings: unset } };
		const result = yield* this.#execute(step, filled);
		for (const [name, value] of Object.entries(result.variables ?? {}))
			this.#variables.set(name, shortened(value));
		this.#hungUp ||= result.outcome === "hangup" && !turn.aborted;
		// who has answered has, though the call step's edge leads nowhere any more
		const isRedirected = turn.aborted && !this.#isOver;
		const edge = this.#isOver || isRedirected ? null : edgeTold(step, result);
		const duration_s = inSeconds(clock.monotonic() - startedAt);
		const outcome =
			isRedirected && result.outcome !== "answered"
				? "redirected"
				: result.outcome;
		const detail = isRedirected ? null : (result.detail ?? null);
		this.#restMs =
			isRedirected && this.#private
				? quietAfter(step, this.#after(step), this.#restMs)
				: 0;
		yield {
			type: "step.finished",
			data: { ...told, outcome, edge, detail, duration_s },
		};
		return edge?.to ?? null;
	}

	/** The step that comes next: where the edge leads, unless the walk is taken elsewhere. Waits while it is held back. */
	async after(edge: string | null): Promise<string | null> {
		const to = await this.#steering.left(this.#over);
		if (!to) return edge;
		if (to.flow !== this.#flow) this.#change(to.flow);
		// what was pressed belonged to the step that was left
		this.#leg().digits.clear();
		return to.stepId;
	}

	/** What the new flow does not know to be sensitive is not there for it. */
	#change(flow: Flow): void {
		for (const name of this.#flow.sensitive)
			if (!flow.sensitive.has(name)) this.#variables.delete(name);
		this.#flow = flow;
	}

	/** How the walk ended if somebody ended it. */
	end(stepId: string): RunEnd | null {
		const dial = this.#dialled;
		if (dial && dial.outcome !== "answered")
			return { reason: "missed", stepId, dial };
		if (!this.#isOver) return null;
		const by = this.#endedBy(dial?.call);
		return by === "callee"
			? { reason: "callee_hung_up", stepId }
			: { reason: "cut_off", by, stepId };
	}

	get #isOver(): boolean {
		return this.#over.aborted || this.#hungUp;
	}

	#endedBy(call: Call | undefined): LegEnd["by"] {
		// core/call.ts: the reason of `over` is a LegEnd.
		if (call?.over.aborted) return (call.over.reason as LegEnd).by;
		return this.#context.signal.aborted ? "service" : "callee";
	}

	/** Yields what the step tells while it runs. */
	async *#execute(
		step: FlowStep,
		filled: FlowStep["fields"],
	): AsyncGenerator<FlowEvent, StepResult> {
		const told: FlowEvent[] = [];
		let wake = () => {};
		const context = this.#contextFor(step, (event) => {
			told.push(event);
			wake();
		});
		let settled = false;
		// Never rejects by itself: the consumer may have left by the time a step fails.
		const attempt = this.#attempt(step, filled, context).then(
			(result) => () => result,
			(thrown: unknown) => () => {
				throw thrown;
			},
		);
		void attempt.then(() => {
			settled = true;
			wake();
		});
		for (;;) {
			for (let event = told.shift(); event; event = told.shift()) yield event;
			if (settled) return (await attempt)();
			await new Promise<void>((resolve) => {
				wake = resolve;
			});
		}
	}

	async #attempt(
		step: FlowStep,
		filled: FlowStep["fields"],
		context: StepContext,
	): Promise<StepResult> {
		const { definition } = step;
		try {
			await this.#keepPrivate(isPrivate(step, this.#after(step)));
			while (this.#steering.isHeld && !this.#turn.aborted)
				await this.#steering.free(this.#turn);
			// it was left before it did anything
			if (this.#dialled && this.#turn.aborted) return { outcome: "hangup" };
			return await definition.execute(filled, context);
		} catch (thrown) {
			if (thrown instanceof Fault && this.#turn.aborted)
				return { outcome: "hangup" };
			const canFail = this.#dialled && "failed" in definition.outcomes;
			if (thrown instanceof Fault && canFail) return { outcome: "failed" };
			throw thrown;
		}
	}

	/** What was pressed before is not sensitive and may have been recorded; what is left afterwards is nobody else's. */
	async #keepPrivate(wanted: boolean): Promise<void> {
		if (wanted === this.#private && this.#restMs === 0) return;
		const leg = this.#leg();
		const quietMs = Math.max(this.#restMs, RELEASED_MS);
		if (this.#private)
			await untilReleased(leg, this.#context.clock, quietMs, this.#turn);
		// what is over stays private: the last tone may still be on its way
		if (this.#turn.aborted) return;
		if (wanted !== this.#private) await leg.keepPrivate(wanted);
		leg.digits.clear();
		this.#private = wanted;
	}

	#contextFor(step: FlowStep, emit: StepContext["emit"]): StepContext {
		const { identity, signal, ...outside } = this.#context;
		const leg = () => this.#leg();
		return {
			...outside,
			...identity,
			stepId: step.id,
			variables: this.#variables,
			carriesSensitive: carriesSensitive(step, this.#flow.sensitive),
			followedBy: this.#after(step)?.definition.type,
			get call() {
				return leg();
			},
			over: this.#turn,
			dial: (request) => this.#dial(request),
			emit,
		};
	}

	/** Where `next_step` leads. */
	#after({ edges }: FlowStep): FlowStep | undefined {
		const next = edges.get("next_step");
		return next === undefined ? undefined : this.stepAt(next);
	}

	#leg(): Call {
		if (this.#dialled?.outcome !== "answered")
			throw new Error("there is no leg before the callee has answered");
		return this.#dialled.call;
	}

	async #dial(request: FlowDial): Promise<DialResult> {
		const result = await this.#context.dial(request);
		this.#dialled = result;
		if (result.outcome === "answered")
			this.#over = AbortSignal.any([result.call.over, this.#context.signal]);
		return result;
	}
}

/** The edge that is taken, as it is told: where digits are sensitive its name does not say them. */
function edgeTold(
	step: FlowStep,
	result: StepResult,
): { name: string; to: string } | null {
	const taken = edgeTaken(step.definition, step.edges, result);
	if (!taken) return null;
	const { wanted, name, to } = taken;
	return { name: isSensitive(step) ? wanted : name, to };
}
