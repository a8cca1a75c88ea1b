import type { Clock } from "./clock.js";

export interface CollectRequest {
	/** How many digits at the most. */
	count: number;
	/** For the first digit, counted from now. */
	timeoutMs: number;
	/** Between two digits. */
	interdigitTimeoutMs: number;
	/** Ends the input and is not part of it. */
	terminator?: string;
}

export interface Collected {
	digits: string;
	/** What ended the input; `over` is the end of the leg. */
	by: "count" | "terminator" | "timeout" | "over";
}

/**
 * The digits a callee has pressed and nobody has taken yet. Filled while sounds play (type-ahead), emptied by `collect`;
 * surplus digits wait for the next one.
 */
export class DigitQueue {
	readonly #clock: Clock;
	#waiting = "";
	#listener: (() => void) | undefined;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Appends one digit: `0`-`9`, `*`, `#`, `A`-`D`. */
	push(digit: string): void {
		this.#waiting += digit;
		this.#listener?.();
	}

	get isEmpty(): boolean {
		return this.#waiting === "";
	}

	/** Forgets what waits: digits pressed during a connect belong to the conversation. */
	clear(): void {
		this.#waiting = "";
	}

	/** Resolves once a digit waits, without taking it; never resolves after `signal` aborts. */
	async pressed(signal: AbortSignal): Promise<void> {
		if (!this.isEmpty) return;
		await new Promise<void>((resolve) => {
			this.#listen(resolve, signal);
		});
	}

	collect(request: CollectRequest, over: AbortSignal): Promise<Collected> {
		return new Promise((resolve) => {
			let digits = "";
			let cancelTimer = () => {};
			const finish = (by: Collected["by"]) => {
				cancelTimer();
				this.#listener = undefined;
				over.removeEventListener("abort", onOver);
				resolve({ digits, by });
			};
			const onOver = () => finish("over");
			const take = () => {
				while (this.#waiting !== "") {
					const digit = this.#waiting.charAt(0);
					this.#waiting = this.#waiting.slice(1);
					if (digit === request.terminator) return finish("terminator");
					digits += digit;
					if (digits.length >= request.count) return finish("count");
				}
				cancelTimer();
				cancelTimer = this.#clock.after(
					digits === "" ? request.timeoutMs : request.interdigitTimeoutMs,
					() => finish("timeout"),
					true,
				);
			};
			if (over.aborted) return finish("over");
			over.addEventListener("abort", onOver, { once: true });
			this.#listener = take;
			take();
		});
	}

	#listen(run: () => void, signal: AbortSignal): void {
		const stop = () => {
			this.#listener = undefined;
		};
		this.#listener = () => {
			stop();
			signal.removeEventListener("abort", stop);
			run();
		};
		signal.addEventListener("abort", stop, { once: true });
	}
}
