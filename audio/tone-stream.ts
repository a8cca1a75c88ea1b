import { AudioError } from "./audio-error.js";
import { dtmfFrequencies, type Tone } from "./tones.js";

/** What FreeSWITCH's `tone_stream://` paths describe. */
export interface ToneStream {
	tones: Tone[];
	/** -1 = until stopped. */
	loops: number;
}

/** libteletone: a beat of a bare key where `d=` and `w=` do not say otherwise. */
const KEY_ON_MS = 250;
const KEY_OFF_MS = 62.5;
const DEFAULT_DECIBELS = -7;
const QUIETEST_DECIBELS = -63;
const MOST_BEATS = 1000;
const LONGEST_BEAT_MS = 3_600_000;
const MOST_FREQUENCIES = 18;

interface Settings {
	decibels: number;
	onMs: number;
	offMs: number;
	repeat: number;
}

/** Parses what follows `tone_stream://` (TGML of libteletone); throws an AudioError where it is not understood. */
export function parseToneStream(text: string): ToneStream {
	const settings: Settings = {
		decibels: DEFAULT_DECIBELS,
		onMs: KEY_ON_MS,
		offMs: KEY_OFF_MS,
		repeat: 1,
	};
	const tones: Tone[] = [];
	let loops = 1;
	let times = 1;
	for (const part of text.split(";").map((piece) => piece.trim())) {
		const [name, value] = part.split("=", 2);
		if (value === undefined) tones.push(...beats(part, settings));
		else if (name === "loops") loops = whole(part, value, -1) || 1;
		else if (name === "L") times = Math.max(1, whole(part, value, 0));
		else applySetting(settings, part, name, value);
		if (tones.length * times > MOST_BEATS) {
			throw new AudioError(
				`a tone may have at most ${MOST_BEATS} beats; use loops= to repeat it`,
			);
		}
	}
	if (tones.length === 0) {
		throw new AudioError(
			`"${text}" holds no tone: write %(on ms,off ms,Hz,Hz)`,
		);
	}
	return { tones: Array.from({ length: times }, () => tones).flat(), loops };
}

/** Parses what follows `silence_stream://`: milliseconds, -1 = until stopped; comfort noise after a comma is not made. */
export function parseSilenceStream(text: string): number {
	const milliseconds = whole(text, text.split(",", 1)[0] ?? "", -1);
	return milliseconds > 0 ? milliseconds : -1;
}

function applySetting(
	settings: Settings,
	part: string,
	name: string | undefined,
	value: string,
): void {
	if (name === "v") {
		const decibels = Number(value);
		if (decibels <= 0 && decibels >= QUIETEST_DECIBELS) {
			settings.decibels = decibels;
		}
	} else if (name === "d") settings.onMs = whole(part, value, 0);
	else if (name === "w") settings.offMs = whole(part, value, 0);
	else if (name === "l") settings.repeat = Math.max(1, whole(part, value, 0));
	else {
		throw new AudioError(
			`"${part}" is not a setting of a tone: use v=, d=, w=, l=, L= or loops=`,
		);
	}
}

/** Every `%(on,off,Hz,...)` and bare key of one part. */
function beats(part: string, settings: Settings): Tone[] {
	const tones: Tone[] = [];
	const pieces = part.replaceAll(/\s/g, "").match(/%\([^)]*\)|[\s\S]/g) ?? [];
	for (const piece of pieces) {
		const tone =
			piece.length > 1
				? explicitBeat(piece, settings)
				: keyBeat(piece, settings);
		const count = Math.min(settings.repeat, MOST_BEATS + 1);
		for (let i = 0; i < count; i++) tones.push(tone);
	}
	return tones;
}

function explicitBeat(piece: string, { decibels }: Settings): Tone {
	const [on, off, ...rest] = piece.slice(2, -1).split(",");
	const frequenciesHz = rest.map(Number).filter((frequency) => frequency > 0);
	const malformed =
		rest.some((frequency) => !(Number(frequency) >= 0)) ||
		frequenciesHz.length > MOST_FREQUENCIES;
	if (malformed || on === undefined || off === undefined) {
		throw new AudioError(`"${piece}" is not a beat: %(on ms,off ms,Hz,...)`);
	}
	return {
		onMs: whole(piece, on, 0),
		offMs: whole(piece, off, 0),
		frequenciesHz,
		volume: peakOf(decibels, frequenciesHz.length),
	};
}

function keyBeat(key: string, { decibels, onMs, offMs }: Settings): Tone {
	const frequenciesHz = dtmfFrequencies(key);
	return { onMs, offMs, frequenciesHz, volume: peakOf(decibels, 2) };
}

/** libteletone's level: dBm0, where a full-scale sine is 3.14 dBm0, and the sum is divided by the number of frequencies. */
function peakOf(decibels: number, frequencies: number): number {
	const rootMeanSquare = 10 ** ((decibels - 6.16) / 20);
	return (Math.SQRT2 * rootMeanSquare) / Math.max(1, frequencies);
}

function whole(part: string, value: string, least: number): number {
	const number = Number(value.trim() || Number.NaN);
	if (!Number.isInteger(number) || number < least || number > LONGEST_BEAT_MS) {
		throw new AudioError(
			`"${value}" in "${part}" is not a whole number from ${least} to ${LONGEST_BEAT_MS}`,
		);
	}
	return number;
}
