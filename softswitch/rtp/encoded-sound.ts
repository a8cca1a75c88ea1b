import { g711, type Law } from "../../audio/g711.js";

/** Encoded at a time: a tenth of a second, so that a long prompt never holds up the clock. */
const BLOCK_SAMPLES = 800;

const encoded: Record<Law, WeakMap<Int16Array, EncodedSound>> = {
	mu: new WeakMap(),
	a: new WeakMap(),
};

/** The sound in G.711, encoded once for all streams that play it and kept as long as the samples live. */
export function encodedSound(samples: Int16Array, law: Law): EncodedSound {
	const known = encoded[law].get(samples);
	if (known) return known;
	const sound = new EncodedSound(samples, law);
	encoded[law].set(samples, sound);
	return sound;
}

export class EncodedSound {
	readonly #samples: Int16Array;
	readonly #fromLinear: Uint8Array;
	readonly #bytes: Uint8Array;
	readonly #done: Uint8Array;

	constructor(samples: Int16Array, law: Law) {
		this.#samples = samples;
		this.#fromLinear = g711[law].fromLinear;
		this.#bytes = new Uint8Array(samples.length);
		this.#done = new Uint8Array(Math.ceil(samples.length / BLOCK_SAMPLES));
	}

	/** Copies `length` bytes from sample `from` to `target`; all of them must lie within the sound. */
	copy(from: number, length: number, target: Uint8Array, at: number): void {
		const last = Math.floor((from + length - 1) / BLOCK_SAMPLES);
		for (let block = Math.floor(from / BLOCK_SAMPLES); block <= last; block++) {
			if (!this.#done[block]) this.#encode(block);
		}
		for (let i = 0; i < length; i++) {
			// The caller keeps within the sound.
			target[at + i] = this.#bytes[from + i] as number;
		}
	}

	#encode(block: number): void {
		const from = block * BLOCK_SAMPLES;
		const to = Math.min(from + BLOCK_SAMPLES, this.#samples.length);
		for (let i = from; i < to; i++) {
			// Inside the samples, and every 16-bit sample has its entry.
			const sample = this.#samples[i] as number;
			this.#bytes[i] = this.#fromLinear[sample + 32_768] as number;
		}
		this.#done[block] = 1;
	}
}
