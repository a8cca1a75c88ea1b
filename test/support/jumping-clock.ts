import type { Clock } from "../../core/clock.js";

interface Timer {
	at: number;
	run: () => void;
}

/** A clock that jumps to the next timer as soon as nothing else is left to do: waits of hours pass at once, in order. */
export class JumpingClock implements Clock {
	readonly #startsAt: number;
	#elapsedMs = 0;
	#timers: Timer[] = [];
	#jumping = false;

	constructor(startsAt = Date.UTC(2030, 0, 1)) {
		this.#startsAt = startsAt;
	}

	now(): number {
		return this.#startsAt + this.#elapsedMs;
	}

	monotonic(): number {
		return this.#elapsedMs;
	}

	after(delayMs: number, run: () => void): () => void {
		const timer = { at: this.#elapsedMs + Math.max(0, delayMs), run };
		this.#timers.push(timer);
		this.#jumpSoon();
		return () => {
			this.#timers = this.#timers.filter((one) => one !== timer);
		};
	}

	#jumpSoon(): void {
		if (this.#jumping) return;
		this.#jumping = true;
		// After all promises that can settle without time passing.
		setImmediate(() => {
			this.#jumping = false;
			this.#jump();
		});
	}

	#jump(): void {
		const at = Math.min(...this.#timers.map((timer) => timer.at));
		const next = this.#timers.find((timer) => timer.at === at);
		if (!next) return;
		this.#timers = this.#timers.filter((one) => one !== next);
		this.#elapsedMs = at;
		next.run();
		if (this.#timers.length > 0) this.#jumpSoon();
	}
}
