import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Database } from "./database.js";

/** Every instance looks for what is due at least so often, so only what comes sooner is told to all. */
export const LONGEST_SLEEP_MS = 5_000;
/** Clocks of two machines may differ by as much. */
const SKEW_MS = 1_000;

/** Tells every instance, this one included, of what is due before it would look by itself. */
export class DueSoon {
	readonly #channel: string;
	readonly #database: Pick<Database, "listen" | "notify">;
	readonly #clock: Clock;
	readonly #log: Log;
	readonly #listeners = new Set<(dueAt: number) => void>();

	constructor(
		channel: string,
		{
			database,
			clock,
			log,
		}: {
			database: Pick<Database, "listen" | "notify">;
			clock: Clock;
			log: Log;
		},
	) {
		this.#channel = channel;
		this.#database = database;
		this.#clock = clock;
		this.#log = log;
	}

	/** Hears the others from now on. */
	async listen(): Promise<void> {
		await this.#database.listen(this.#channel, (dueAt) =>
			this.#tell(Number(dueAt)),
		);
	}

	onDueSoon(listener: (dueAt: number) => void): void {
		this.#listeners.add(listener);
	}

	/** Once what is due then is kept. Never waited for: without it the others are late by seconds at the most. */
	announce(dueAt: number): void {
		if (dueAt > this.#clock.now() + LONGEST_SLEEP_MS + SKEW_MS) return;
		this.#tell(dueAt);
		this.#database
			.notify(this.#channel, String(dueAt))
			.catch((error) =>
				this.#log.warn({ err: message(error) }, "other instances not told"),
			);
	}

	#tell(dueAt: number): void {
		for (const listener of this.#listeners) listener(dueAt);
	}
}
