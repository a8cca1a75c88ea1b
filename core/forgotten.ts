import type { Clock } from "./clock.js";

/** Longer than any statement is tried again, so that what is just being claimed or kept is known by then. */
const UNKNOWN_MS = 90_000;

/** What this process holds in the store and does not know of: the answer that told of it was lost, or it could not be kept. */
export class Forgotten {
	readonly #clock: Clock;
	/** Since when each is unknown, by the clock that only goes forward. */
	#since = new Map<string, number>();

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Which of those held have been unknown all the time, at every look, for a while. */
	look(held: readonly string[], isKnown: (id: string) => boolean): string[] {
		const now = this.#clock.monotonic();
		const unknown = held.filter((id) => !isKnown(id));
		this.#since = new Map(
			unknown.map((id) => [id, this.#since.get(id) ?? now]),
		);
		return unknown.filter(
			(id) => now - (this.#since.get(id) ?? now) >= UNKNOWN_MS,
		);
	}
}
