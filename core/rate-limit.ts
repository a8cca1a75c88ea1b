import type { Clock } from "./clock.js";

/** So many may be had per second, and `burst` of them at once after a pause. */
export interface Rate {
	perSecond: number;
	burst: number;
}

/** Counts what each key takes (generic cell rate algorithm); a key that took nothing for long is forgotten. */
export class RateLimit {
	readonly #clock: Clock;
	readonly #mostKeys: number;
	/** When each key has all of its burst again, the one that took first in front. */
	readonly #fullAt = new Map<string, number>();

	constructor(clock: Clock, mostKeys = 10_000) {
		this.#clock = clock;
		this.#mostKeys = mostKeys;
	}

	/** Takes one; else the milliseconds until there is one, and takes nothing. */
	take(key: string, rate: Rate): number {
		const waitMs = this.waitMs(key, rate);
		if (waitMs > 0) return waitMs;
		const now = this.#clock.monotonic();
		const fullAt = Math.max(this.#fullAt.get(key) ?? now, now);
		this.#fullAt.delete(key); // goes to the end
		this.#fullAt.set(key, fullAt + 1_000 / rate.perSecond);
		if (this.#fullAt.size > this.#mostKeys) this.#forget(now);
		return 0;
	}

	/** Milliseconds until one can be had; 0 if it can. */
	waitMs(key: string, { perSecond, burst }: Rate): number {
		const now = this.#clock.monotonic();
		const fullAt = this.#fullAt.get(key) ?? now;
		return Math.max(0, fullAt - now - (burst - 1) * (1_000 / perSecond));
	}

	/** Those that have all of their burst again, and where that does not do, the oldest. */
	#forget(now: number): void {
		for (const [key, fullAt] of this.#fullAt)
			if (fullAt <= now) this.#fullAt.delete(key);
		for (const key of this.#fullAt.keys()) {
			if (this.#fullAt.size <= this.#mostKeys) return;
			this.#fullAt.delete(key);
		}
	}
}
