import { type MediaEndpoint, RINGBACK } from "./media-endpoint.js";
import { ranks, type Speaker } from "./speaker.js";

/** What a callee hears until somebody answers: our tone, or what the other side has to say (RFC 3960 §3.2). */
export class Waiting {
	readonly #endpoint: MediaEndpoint;
	readonly #speaker: Speaker;
	/** Ends our tone, and resolves when it has. */
	#stopTone: () => Promise<void>;
	#joined: MediaEndpoint | null = null;
	#changed = Promise.resolve();

	constructor(endpoint: MediaEndpoint, speaker: Speaker) {
		this.#endpoint = endpoint;
		this.#speaker = speaker;
		this.#stopTone = this.#ringback();
	}

	/** Joins it with the endpoint of somebody who rings; null: back to our tone. */
	hear(from: MediaEndpoint | null): void {
		this.#changed = this.#changed.then(async () => {
			await this.#quiet();
			if (from)
				this.#joined = (await this.#endpoint.bridge(from)) ? from : null;
			else this.#stopTone = this.#ringback();
		});
		this.#changed.catch(() => {}); // awaited at the end
	}

	/** Leaves it in silence, or joined with the one that has answered if it is: then it says so. */
	async end(answered?: MediaEndpoint): Promise<boolean> {
		await this.#changed;
		if (answered && this.#joined === answered) return true;
		await this.#quiet();
		return false;
	}

	async #quiet(): Promise<void> {
		if (this.#joined) await this.#endpoint.unbridge();
		this.#joined = null;
		await this.#stopTone();
	}

	/** As a sound like any other: what is asked for meanwhile is not stopped in its place. */
	#ringback(): () => Promise<void> {
		const stop = new AbortController();
		const spoken = this.#speaker.speak({
			...{ name: RINGBACK, lengthMs: Number.POSITIVE_INFINITY },
			...{ rank: ranks.flow, stop: stop.signal },
		});
		const ended = spoken.then(
			() => {},
			() => {}, // a leg without a tone rings all the same
		);
		return () => {
			stop.abort();
			return ended;
		};
	}
}
