import { dtmfFrequencies, toneLevel } from "../../audio/tones.js";
import { FRAME_SAMPLES } from "./packet.js";

const KEYS = [..."0123456789*#ABCD"];
const PAIRS = KEYS.map((key) => dtmfFrequencies(key));
const FREQUENCIES = [...new Set(PAIRS.flat())];
/** Peak of the weaker tone, of full scale: about -36 dB. */
const LEAST_LEVEL = 0.015;
/** ITU-T Q.24: one tone may be so much louder than the other (8 dB, as a ratio). */
const MOST_TWIST = 2.5;
/** Of the frame's energy that lies in the two tones; speech spreads over many. */
const LEAST_SHARE = 0.75;
/** Frames of 20 ms that say the same before a key counts as pressed, or as released. */
const FRAMES_TO_AGREE = 2;

/** Digits out of the tones of a telephone's keys (ITU-T Q.23), told when the key is released. */
export class InBandDetector {
	readonly #onDigit: (digit: string, durationSamples: number) => void;
	#pressed: string | null = null;
	#durationSamples = 0;
	#candidate: string | null = null;
	#agreeing = 0;

	constructor(onDigit: (digit: string, durationSamples: number) => void) {
		this.#onDigit = onDigit;
	}

	/** The next 20 ms. */
	frame(samples: Int16Array): void {
		const key = keyIn(samples);
		this.#agreeing = key === this.#candidate ? this.#agreeing + 1 : 1;
		this.#candidate = key;
		if (this.#pressed !== null) this.#durationSamples += FRAME_SAMPLES;
		if (key === this.#pressed || this.#agreeing < FRAMES_TO_AGREE) return;
		const heardForSamples = FRAMES_TO_AGREE * FRAME_SAMPLES;
		if (this.#pressed !== null) {
			this.#onDigit(this.#pressed, this.#durationSamples - heardForSamples);
		}
		this.#pressed = key;
		this.#durationSamples = heardForSamples;
	}
}

/** The key whose two tones, and little else, are in the frame. */
function keyIn(samples: Int16Array): string | null {
	let energy = 0;
	for (const sample of samples) energy += (sample / 32_768) ** 2;
	// Two sines at the least level have this energy: below it, nothing needs to be measured.
	if (energy < LEAST_LEVEL ** 2 * samples.length) return null;
	const levels = new Map(
		FREQUENCIES.map((frequency) => [frequency, toneLevel(samples, frequency)]),
	);
	const level = (frequency: number) => levels.get(frequency) ?? 0;
	const strength = ([low, high]: readonly [number, number]) =>
		Math.min(level(low), level(high));
	let best = 0;
	PAIRS.forEach((pair, i) => {
		const other = PAIRS[best];
		if (other && strength(pair) > strength(other)) best = i;
	});
	const pair = PAIRS[best];
	if (!pair || strength(pair) < LEAST_LEVEL) return null;
	const [low, high] = pair.map(level) as [number, number]; // a pair maps to a pair
	if (Math.max(low, high) > MOST_TWIST * Math.min(low, high)) return null;
	const share = ((low ** 2 + high ** 2) / 2) * (samples.length / energy);
	return share >= LEAST_SHARE ? (KEYS[best] ?? null) : null;
}
