import type { Clock } from "../../core/clock.js";
import type { Action, Moment } from "./script.js";

/** Performs a script's actions at their moments. */
export class ScriptRunner {
	readonly #clock: Clock;
	readonly #actions: readonly Action[];
	readonly #perform: (action: Action) => void;
	readonly #cancels = new Set<() => void>();
	readonly #seen = { answer: 0, sound: 0, silence: 0 };

	constructor(
		clock: Clock,
		actions: readonly Action[],
		perform: (action: Action) => void,
	) {
		this.#clock = clock;
		this.#actions = actions;
		this.#perform = perform;
	}

	/** What an action may wait for has happened once more. */
	happened(event: Moment["after"]): void {
		// A sound before the answer is early media, which no action waits for.
		if (event !== "answer" && this.#seen.answer === 0) return;
		this.#seen[event]++;
		for (const action of this.#actions) {
			const { after, nth = 1, ms } = action.at;
			if (after === event && nth === this.#seen[event]) {
				this.#arm(ms, () => this.#perform(action));
			}
		}
	}

	/** Nothing more is performed. */
	stop(): void {
		for (const cancel of this.#cancels) cancel();
		this.#cancels.clear();
	}

	#arm(delayMs: number, run: () => void): void {
		const cancel = this.#clock.after(delayMs, () => {
			this.#cancels.delete(cancel);
			run();
		});
		this.#cancels.add(cancel);
	}
}
