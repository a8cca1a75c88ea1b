import type { Clock } from "./clock.js";

/** Who comes so late for a permission costs the next ones no time: as much of a second more may pass in it. */
const LATE_MS = 20;

/** Hands out permissions at a steady rate, first come, first served, and no more than that after a pause or a delay. */
export class Pacer {
	readonly #clock: Clock;
	#intervalMs: number;
	/** When the next permission falls due (generic cell rate algorithm). */
	#nextAt = Number.NEGATIVE_INFINITY;
	/** Each has its turn by being called. */
	readonly #waiting = new Set<() => void>();
	#cancel: (() => void) | undefined;

	constructor(clock: Clock, perSecond: number) {
		this.#clock = clock;
		this.#intervalMs = 1000 / perSecond;
	}

	/** Goes on at another rate. */
	pace(perSecond: number): void {
		this.#intervalMs = 1000 / perSecond;
		const soonest = this.#clock.monotonic() + this.#intervalMs;
		this.#nextAt = Math.min(this.#nextAt, soonest);
		this.#pump();
	}

	/** Resolves when it is this caller's turn; rejects with the signal's reason if it aborts first (its turn is then the next one's). */
	take(signal: AbortSignal): Promise<void> {
		return new Promise((resolve, reject) => {
			if (signal.aborted) return reject(signal.reason);
			const leave = () => {
				this.#waiting.delete(go);
				reject(signal.reason);
			};
			const go = () => {
				signal.removeEventListener("abort", leave);
				resolve();
			};
			signal.addEventListener("abort", leave, { once: true });
			this.#waiting.add(go);
			if (!this.#cancel) this.#pump();
		});
	}

	#pump(): void {
		this.#cancel?.();
		this.#cancel = undefined;
		for (const go of this.#waiting) {
			const now = this.#clock.monotonic();
			if (this.#nextAt > now) {
				const pump = () => this.#pump();
				this.#cancel = this.#clock.after(this.#nextAt - now, pump, true);
				return;
			}
			this.#nextAt = Math.max(this.#nextAt, now - LATE_MS) + this.#intervalMs;
			this.#waiting.delete(go);
			go();
		}
	}
}
