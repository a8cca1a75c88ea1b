import { unlessAborted } from "../core/abort.js";
import { didYouMean } from "../core/closest.js";
import { Fault } from "../core/fault.js";
import type { Flow } from "./flow.js";
import { problem } from "./problem.js";

/** Where a walk goes on. */
export interface Place {
	flow: Flow;
	stepId: string;
}

const HINT = "the callee is on the line, and a call step would ring nobody";

/** Takes a walk to another step from outside, or holds it back between two. */
export class Steering {
	#at: Place | null = null;
	#turn = new AbortController();
	#to: Place | null = null;
	#held: Promise<void> | null = null;
	#release = () => {};

	/** The step that runs; null before the first one. */
	get stepId(): string | null {
		return this.#at?.stepId ?? null;
	}

	/** The step that the walk is taken to, or else the one that runs. */
	get goesTo(): string | null {
		return this.#place?.stepId ?? null;
	}

	get #place(): Place | null {
		return this.#to ?? this.#at;
	}

	get isHeld(): boolean {
		return this.#held !== null;
	}

	/** Ends the step that runs, and goes on at another one of its flow, or of the one that the walk is taken to; throws BAD_REQUEST if there is none such. */
	toStep(stepId: string): string {
		const flow = this.#place?.flow;
		if (!flow) throw new Fault("CALL_NOT_LIVE");
		const step = flow.steps.get(stepId);
		const hint = !step
			? `no step has this id${didYouMean(stepId, flow.steps.keys())}`
			: step.definition.type === "call"
				? HINT
				: null;
		if (hint !== null)
			throw new Fault("BAD_REQUEST", `$.step: ${hint}`, {
				problems: [problem("$.step", stepId, hint)],
			});
		this.#go({ flow, stepId });
		return stepId;
	}

	/** Ends the step that runs, and goes on with another flow; returns the step where that begins. */
	toFlow(flow: Flow): string {
		const stepId = entryOf(flow);
		if (stepId === undefined)
			throw new Error("a flow without a step after its call was taken");
		this.#go({ flow, stepId });
		return stepId;
	}

	/** No further step begins while it is on. */
	hold(on: boolean): void {
		this.#release();
		this.#held = on
			? new Promise((resolve) => {
					this.#release = resolve;
				})
			: null;
	}

	/** A step begins; the signal aborts when the walk is taken elsewhere. */
	enter(at: Place): AbortSignal {
		this.#at = at;
		if (this.#to === null) this.#turn = new AbortController();
		return this.#turn.signal;
	}

	/** Resolves once the walk is held back no more. */
	async free(over: AbortSignal): Promise<void> {
		while (this.#held && !over.aborted)
			await unlessAborted(this.#held, over).catch(() => {});
	}

	/** Resolves, once no more is held back, with where the walk was taken to; null: nowhere. */
	async left(over: AbortSignal): Promise<Place | null> {
		await this.free(over);
		const to = this.#to;
		this.#to = null;
		// what is asked before that step begins is asked of it
		if (to) this.#at = to;
		return to;
	}

	#go(to: Place): void {
		this.#to = to;
		this.#turn.abort();
	}
}

/** Where a flow begins for who is on the line already: a call at its head rings nobody. Undefined if nothing comes after it. */
export function entryOf({ entry, steps }: Flow): string | undefined {
	const first = steps.get(entry);
	return first?.definition.type === "call"
		? first.edges.get("next_step")
		: entry;
}
