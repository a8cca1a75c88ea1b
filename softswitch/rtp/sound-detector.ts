import { FRAME_MS } from "./packet.js";

/** Mean absolute sample above which a frame is heard: about -44 dB. */
const THRESHOLD = 200;
/** A click is no sound. */
const BEGINS_AFTER_MS = 40;
/** Longer than the pauses within speech. */
const ENDS_AFTER_MS = 600;

/** Tells when somebody begins and ceases to be heard, by loudness alone. */
export class SoundDetector {
	readonly #onChange: (sounding: boolean) => void;
	#sounding = false;
	/** How long the frames have been of the other kind. */
	#otherMs = 0;

	constructor(onChange: (sounding: boolean) => void) {
		this.#onChange = onChange;
	}

	/** The next 20 ms. */
	frame(samples: Int16Array): void {
		let sum = 0;
		for (const sample of samples) sum += Math.abs(sample);
		const loud = sum / samples.length >= THRESHOLD;
		this.#otherMs = loud === this.#sounding ? 0 : this.#otherMs + FRAME_MS;
		const limitMs = this.#sounding ? ENDS_AFTER_MS : BEGINS_AFTER_MS;
		if (this.#otherMs < limitMs) return;
		this.#sounding = loud;
		this.#otherMs = 0;
		this.#onChange(loud);
	}
}
