import type { Clock } from "../../../core/clock.js";
import type { Channel } from "../channel.js";

/** `playback_timeout_sec`: how long a list may play; below two seconds it is ignored, as FreeSWITCH does. */
export class PlayLimit {
	/** What the list's end is called when the time is up. */
	readonly status: "done" | "timeout";
	#leftMs: number | null;
	#isReached = false;

	constructor({ variables }: Channel) {
		const set = variables.get("playback_timeout_sec") ?? "";
		const seconds = Number.parseInt(set, 10);
		this.#leftMs = seconds > 1 ? seconds * 1000 : null;
		this.status = variables.isTrue("playback_timeout_as_success")
			? "done"
			: "timeout";
	}

	get isReached(): boolean {
		return this.#isReached;
	}

	/** Calls `end` when the time is up; returns what cancels that. */
	start(clock: Clock, end: () => void): () => void {
		if (this.#leftMs === null) return () => {};
		const reach = () => {
			this.#isReached = true;
			end();
		};
		return clock.after(Math.max(0, this.#leftMs), reach, true);
	}

	spend(samples: number): void {
		if (this.#leftMs !== null) this.#leftMs -= samples / 8;
	}
}
