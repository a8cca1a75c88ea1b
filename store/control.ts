import type { Control, ControlAnswer } from "../core/control.js";

/** Until what was asked counts as unanswered. */
export const PATIENCE_MS = 5_000;

/** What instances have each other do with calls. */
export interface Controls {
	/** Has it done by the instance that carries the call out; null if that has not answered within five seconds. */
	ask(callId: string, control: Control): Promise<ControlAnswer | null>;
	/** Calls `listener` with what is asked of a call of this instance; what it resolves with is the answer. It never rejects. After `leftMs` nobody waits for it any more. */
	onAsked(
		listener: (
			callId: string,
			control: Control,
			leftMs: number,
		) => Promise<ControlAnswer>,
	): void;
}
