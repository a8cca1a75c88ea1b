import type { Clock } from "./clock.js";

/**
 * Runs a task when it is due, one run at a time. Each run says in how many milliseconds it wants to be run again; whoever
 * knows of something earlier calls `wakeIn`.
 */
export class Alarm {
	readonly #clock: Clock;
	readonly #run: () => Promise<number>;
	/** Of the clock that only goes forward. */
	#dueAt = Number.POSITIVE_INFINITY;
	#cancel = () => {};
	#running: Promise<void> | null = null;
	#stopped = false;

	constructor(clock: Clock, run: () => Promise<number>) {
		this.#clock = clock;
		this.#run = run;
	}

	/** Runs the task no later than then; at once, if it is due while it runs, after that run. */
	wakeIn(delayMs: number): void {
		const at = this.#clock.monotonic() + Math.max(0, delayMs);
		if (this.#stopped || at >= this.#dueAt) return;
		this.#dueAt = at;
		if (!this.#running) this.#arm();
	}

	/** Begins no more; resolves when what runs is over. */
	async stop(): Promise<void> {
		this.#stopped = true;
		this.#cancel();
		await this.#running;
	}

	#arm(): void {
		this.#cancel();
		const leftMs = this.#dueAt - this.#clock.monotonic();
		if (leftMs <= 0) this.#ring();
		else this.#cancel = this.#clock.after(leftMs, () => this.#ring());
	}

	#ring(): void {
		this.#dueAt = Number.POSITIVE_INFINITY;
		this.#running = this.#run().then((againInMs) => {
			this.#running = null;
			this.wakeIn(againInMs);
			if (!this.#stopped && this.#dueAt < Number.POSITIVE_INFINITY) this.#arm();
		});
	}
}
