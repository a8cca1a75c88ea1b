import { unlessAborted } from "../core/abort.js";
import type { Clock } from "../core/clock.js";
import {
	answerOf,
	type Control,
	type ControlState,
	stateOf,
} from "../core/control.js";
import { Fault } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { type Controls, PATIENCE_MS } from "../store/control.js";
import type { LiveCalls } from "./live-calls.js";

export interface CallControlsOptions {
	controls: Controls;
	live: Pick<LiveCalls, "has" | "control">;
	clock: Clock;
	log: Log;
}

/** What is asked of calls, done by whichever instance carries them out. */
export class CallControls {
	readonly #options: CallControlsOptions;

	constructor(options: CallControlsOptions) {
		this.#options = options;
		options.controls.onAsked((id, control, leftMs) =>
			answerOf(this.#here(id, control, leftMs), options.log),
		);
	}

	/** Throws CONTROL_UNANSWERED if that takes too long. */
	async ask(callId: string, control: Control): Promise<ControlState> {
		const { controls, live } = this.#options;
		if (live.has(callId)) return this.#here(callId, control, PATIENCE_MS);
		const answer = await controls.ask(callId, control);
		if (answer) return stateOf(answer);
		throw unanswered();
	}

	/** What has not begun after so long is not done any more. */
	async #here(
		callId: string,
		control: Control,
		leftMs: number,
	): Promise<ControlState> {
		const { live, clock } = this.#options;
		const call = live.control(callId);
		if (!call) throw new Fault("CALL_NOT_LIVE", "the call is ending");
		const expired = new AbortController();
		const cancel = clock.after(leftMs, () => expired.abort(unanswered()));
		try {
			const done = call.ask(control, expired.signal);
			return await unlessAborted(done, expired.signal);
		} finally {
			cancel();
		}
	}
}

const unanswered = () =>
	new Fault("CONTROL_UNANSWERED", undefined, { retryAfterS: 5 });
