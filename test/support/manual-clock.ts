import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../core/clock.js";

interface Timer {
	at: number;
	order: number;
	run: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
	readonly #startsAt: number;
	#elapsedMs = 0;
	#order = 0;
	readonly #timers = new Set<Timer>();

	constructor(startsAt = Date.UTC(2030, 0, 1)) {
		this.#startsAt = startsAt;
	}

	/** Timers that are armed. */
	get pending(): number {
		return this.#timers.size;
	}

	now(): number {
		return this.#startsAt + this.#elapsedMs;
	}

	monotonic(): number {
		return this.#elapsedMs;
	}

	after(delayMs: number, run: () => void): () => void {
		this.#order += 1;
		const at = this.#elapsedMs + Math.max(0, delayMs);
		const timer = { at, order: this.#order, run };
		this.#timers.add(timer);
		return () => {
			this.#timers.delete(timer);
		};
	}

	/** Moves time on: timers that fall due run in order, each at its own instant, with a turn of the event loop after it. */
	async advance(ms: number): Promise<void> {
		const until = this.#elapsedMs + ms;
		for (let next = this.#due(until); next; next = this.#due(until)) {
			this.#timers.delete(next);
			this.#elapsedMs = Math.max(this.#elapsedMs, next.at); // later, if it was stalled
			next.run();
			await nextTurn();
		}
		this.#elapsedMs = until;
		await nextTurn();
	}

	/** Time passes and nothing runs, as on a machine that is busy. */
	stall(ms: number): void {
		this.#elapsedMs += ms;
	}

	#due(until: number): Timer | undefined {
		let first: Timer | undefined;
		for (const timer of this.#timers) {
			if (timer.at > until) continue;
			if (!first || timer.at < first.at) first = timer;
			else if (timer.at === first.at && timer.order < first.order)
				first = timer;
		}
		return first;
	}
}
