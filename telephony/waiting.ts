import type { MediaEndpoint } from "./media-endpoint.js";

/** What a callee hears until somebody answers: our tone, or what the other side has to say (RFC 3960 §3.2). */
export class Waiting {
	readonly #endpoint: MediaEndpoint;
	#tone: Promise<unknown> | null;
	#joined: MediaEndpoint | null = null;
	#changed = Promise.resolve();

	constructor(endpoint: MediaEndpoint) {
		this.#endpoint = endpoint;
		this.#tone = endpoint.ringback();
	}

	/** Joins it with the endpoint of somebody who rings; null: back to our tone. */
	hear(from: MediaEndpoint | null): void {
		this.#changed = this.#changed.then(async () => {
			await this.#quiet();
			if (from)
				this.#joined = (await this.#endpoint.bridge(from)) ? from : null;
			else this.#tone = this.#endpoint.ringback();
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
		if (this.#tone !== null) await this.#endpoint.stopPlaying(this.#tone);
		this.#tone = null;
	}
}
