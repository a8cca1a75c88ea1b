import {
	answerOf,
	type Control,
	type ControlState,
	stateOf,
} from "../core/control.js";
import { Fault } from "../core/fault.js";
import type { Controls } from "../store/control.js";
import type { LiveCalls } from "./live-calls.js";

/** What is asked of calls, done by whichever instance carries them out. */
export class CallControls {
	readonly #controls: Controls;
	readonly #live: Pick<LiveCalls, "has" | "control">;

	constructor(controls: Controls, live: Pick<LiveCalls, "has" | "control">) {
		this.#controls = controls;
		this.#live = live;
		controls.onAsked((id, control) => answerOf(this.#here(id, control)));
	}

	async ask(callId: string, control: Control): Promise<ControlState> {
		if (this.#live.has(callId)) return this.#here(callId, control);
		const answer = await this.#controls.ask(callId, control);
		if (answer) return stateOf(answer);
		throw new Fault("CONTROL_UNANSWERED", undefined, { retryAfterS: 5 });
	}

	async #here(callId: string, control: Control): Promise<ControlState> {
		const live = this.#live.control(callId);
		if (!live) throw new Fault("CALL_NOT_LIVE", "the call is ending");
		return live.ask(control);
	}
}
