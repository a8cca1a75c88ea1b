import { type Clock, sleep } from "./clock.js";

/** Hands out permissions at a steady rate, first come, first served; what was saved up while idle lasts for a tenth of a second. */
export class Pacer {
	readonly #clock: Clock;
	readonly #intervalMs: number;
	readonly #savedMs: number;
	/** When the next permission falls due if nothing was saved up (generic cell rate algorithm). */
	#nextAt = Number.NEGATIVE_INFINITY;

	constructor(clock: Clock, perSecond: number) {
		this.#clock = clock;
		this.#intervalMs = 1000 / perSecond;
		this.#savedMs = Math.max(0, 100 - this.#intervalMs);
	}

	/** Resolves when it is this caller's turn; rejects with the signal's reason if it aborts first (the turn is then lost). */
	async take(signal: AbortSignal): Promise<void> {
		signal.throwIfAborted();
		const now = this.#clock.monotonic();
		const at = Math.max(this.#nextAt, now - this.#savedMs);
		this.#nextAt = at + this.#intervalMs;
		if (at > now) await sleep(this.#clock, at - now, signal);
	}
}
