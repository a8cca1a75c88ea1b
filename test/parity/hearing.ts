import { readFile } from "node:fs/promises";
import { toneLevel } from "../../audio/tones.js";
import { channelOf, parseWav } from "../../audio/wav.js";

/** Long enough to tell the tones of these tests apart, short enough for their edges. */
const WINDOW_MS = 20;
const WINDOW = WINDOW_MS * 8;
/** A lost packet does not make two tones of one. */
const LONGEST_GAP_MS = 60;
/** FreeSWITCH's tone streams peak at about a sixth of full scale. */
const AUDIBLE = 0.03;

/** When a tone was heard, milliseconds from the beginning. */
export interface Heard {
	fromMs: number;
	toMs: number;
}

/** The times at which a frequency sounds. */
export function timesOf(samples: Int16Array, frequencyHz: number): Heard[] {
	const times: Heard[] = [];
	for (let at = 0; at + WINDOW <= samples.length; at += WINDOW) {
		const level = toneLevel(samples.subarray(at, at + WINDOW), frequencyHz);
		if (level < AUDIBLE) continue;
		const fromMs = at / 8;
		const last = times.at(-1);
		if (last && fromMs - last.toMs <= LONGEST_GAP_MS)
			last.toMs = fromMs + WINDOW_MS;
		else times.push({ fromMs, toMs: fromMs + WINDOW_MS });
	}
	return times;
}

/** How long a frequency sounds in all. */
export function lengthOf(samples: Int16Array, frequencyHz: number): number {
	return timesOf(samples, frequencyHz).reduce(
		(sum, { fromMs, toMs }) => sum + toMs - fromMs,
		0,
	);
}

/** One channel of a recording, 0 = left. */
export async function recorded(path: string, channel = 0): Promise<Int16Array> {
	return channelOf(parseWav(await readFile(path)), channel);
}
