import { AudioError } from "./audio-error.js";
import { TELEPHONE_RATE_HZ } from "./resample.js";

/** One beat of a tone: on for a while, then off. */
export interface Tone {
	onMs: number;
	offMs: number;
	frequenciesHz: readonly number[];
	/** Peak of each frequency, 0 to 1. */
	volume: number;
}

export const samplesOf = (milliseconds: number): number =>
	Math.round((milliseconds * TELEPHONE_RATE_HZ) / 1000);

/** Fills `frame` with the sum of the frequencies, as sample `fromSample` and on of an endless tone. */
export function fillTone(
	frame: Int16Array,
	frequenciesHz: readonly number[],
	volume: number,
	fromSample = 0,
): void {
	const peak = volume * 32_767;
	for (let i = 0; i < frame.length; i++) {
		let sum = 0;
		for (const frequency of frequenciesHz) {
			sum += Math.sin(
				(2 * Math.PI * frequency * (fromSample + i)) / TELEPHONE_RATE_HZ,
			);
		}
		frame[i] = Math.max(-32_768, Math.min(32_767, Math.round(sum * peak)));
	}
}

/** A tone as 8 kHz mono samples. */
export function makeTone(
	frequenciesHz: readonly number[],
	durationMs: number,
	volume = 0.3,
): Int16Array {
	const samples = new Int16Array(samplesOf(durationMs));
	fillTone(samples, frequenciesHz, volume);
	return samples;
}

/** Goertzel: peak of one frequency in the samples, 0 to 1 (a sine at half of full scale measures 0.5). */
export function toneLevel(
	samples: Int16Array,
	frequencyHz: number,
	sampleRateHz = TELEPHONE_RATE_HZ,
): number {
	if (samples.length === 0) return 0;
	const omega = (2 * Math.PI * frequencyHz) / sampleRateHz;
	const coefficient = 2 * Math.cos(omega);
	let last = 0;
	let beforeLast = 0;
	for (const sample of samples) {
		const next = sample + coefficient * last - beforeLast;
		beforeLast = last;
		last = next;
	}
	const power =
		last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
	return (2 * Math.sqrt(Math.max(0, power))) / samples.length / 32_768;
}

/** Root mean square of the samples, 0 to 1. */
export function loudness(samples: Int16Array): number {
	let sum = 0;
	for (const sample of samples) sum += sample * sample;
	return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length) / 32_768;
}

const LOW_GROUP_HZ = [697, 770, 852, 941];
const HIGH_GROUP_HZ = [1209, 1336, 1477, 1633];
const KEYPAD = ["123A", "456B", "789C", "*0#D"];

/** The two frequencies of a key, ITU-T Q.23. */
export function dtmfFrequencies(digit: string): [number, number] {
	const row = KEYPAD.findIndex(
		(keys) => digit.length === 1 && keys.includes(digit),
	);
	const low = LOW_GROUP_HZ[row];
	const high = HIGH_GROUP_HZ[KEYPAD[row]?.indexOf(digit) ?? -1];
	if (low === undefined || high === undefined) {
		throw new AudioError(`"${digit}" is not a key: use one of 0-9, *, #, A-D`);
	}
	return [low, high];
}
