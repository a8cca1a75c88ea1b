import { schedule } from "node-cron";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";

/** Something small that is done every minute. */
export interface Sweep {
	name: string;
	run(): Promise<unknown>;
}

/** Once now and at every full minute, one sweep after the other; what is due to the second lives in the database instead. */
export class Heartbeat {
	readonly #sweeps: readonly Sweep[];
	readonly #log: Log;
	#running: Promise<void> = Promise.resolve();
	#stop = () => {};

	constructor(sweeps: readonly Sweep[], log: Log) {
		this.#sweeps = sweeps;
		this.#log = log;
	}

	/** Resolves after the first one. */
	async start(): Promise<void> {
		await this.beat();
		const task = schedule("* * * * *", () => this.beat(), {
			timezone: "UTC",
			noOverlap: true,
		});
		this.#stop = () => void task.destroy();
	}

	/** One that fails keeps no other from its turn. */
	beat(): Promise<void> {
		this.#running = this.#sweep();
		return this.#running;
	}

	/** Resolves when nothing is swept any more. */
	async stop(): Promise<void> {
		this.#stop();
		await this.#running;
	}

	async #sweep(): Promise<void> {
		for (const { name, run } of this.#sweeps)
			try {
				await run();
			} catch (error) {
				this.#log.warn({ err: message(error), sweep: name }, "not swept");
			}
	}
}
