import { schedule } from "node-cron";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";

/** Something that is done every minute. */
export interface Sweep {
	name: string;
	/** What takes long breaks off when the signal aborts, and goes on the next time. */
	run(signal: AbortSignal): Promise<unknown>;
}

/** Once now and at every full minute, one sweep after the other; what is due to the second lives in the database instead. */
export class Heartbeat {
	readonly #sweeps: readonly Sweep[];
	readonly #log: Log;
	readonly #end = new AbortController();
	#running: Promise<void> | undefined;
	#stop = () => {};

	constructor(sweeps: readonly Sweep[], log: Log) {
		this.#sweeps = sweeps;
		this.#log = log;
	}

	/** Resolves after the first one. */
	async start(): Promise<void> {
		const task = schedule("* * * * *", () => this.beat(), { timezone: "UTC" });
		this.#stop = () => void task.destroy();
		await this.beat();
	}

	/** One that fails keeps no other from its turn; while one beat lasts there is no other. */
	beat(): Promise<void> {
		this.#running ??= this.#sweep().finally(() => {
			this.#running = undefined;
		});
		return this.#running;
	}

	/** Resolves when nothing is swept any more. */
	async stop(): Promise<void> {
		this.#stop();
		this.#end.abort();
		await this.#running;
	}

	async #sweep(): Promise<void> {
		const { signal } = this.#end;
		for (const { name, run } of this.#sweeps)
			try {
				if (!signal.aborted) await run(signal);
			} catch (error) {
				this.#log.warn({ err: message(error), sweep: name }, "not swept");
			}
	}
}
