import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { loudness, toneLevel } from "../../audio/tones.js";
import { channelOf, parseWav } from "../../audio/wav.js";

/** Long enough to tell the tones of these tests apart, short enough for their edges. */
const WINDOW_MS = 20;
const WINDOW = WINDOW_MS * 8;
/** Lost packets do not make two tones of one. */
const LONGEST_GAP_MS = 200;
/** FreeSWITCH's tone streams peak at about a sixth of full scale. */
const AUDIBLE = 0.03;
/** A tone that makes up less of a window is the edge of another one. Two of the same loudness make up 0.7 each. */
const LEAST_SHARE = 0.5;
/** What a busy machine keeps the ear from hearing, and by how much it delays both ends. */
const HEARD_SHARE = 0.6;
const LONGEST_DELAY_MS = 500;

/** When a tone was heard, milliseconds from the beginning. */
export interface Heard {
	fromMs: number;
	toMs: number;
}

/** The times at which a frequency sounds. */
export function timesOf(samples: Int16Array, frequencyHz: number): Heard[] {
	const times: Heard[] = [];
	for (let at = 0; at + WINDOW <= samples.length; at += WINDOW) {
		const window = samples.subarray(at, at + WINDOW);
		const level = toneLevel(window, frequencyHz);
		const share = level / Math.SQRT2 / loudness(window);
		if (level < AUDIBLE || share < LEAST_SHARE) continue;
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

/** That it lasts so long, within what a busy machine takes away and adds. */
export function expectAbout(
	actualMs: number | undefined,
	expectedMs: number,
): void {
	expect(actualMs).toBeGreaterThan(expectedMs * HEARD_SHARE - WINDOW_MS);
	expect(actualMs).toBeLessThan(expectedMs + LONGEST_DELAY_MS);
}

/** That a frequency sounds for so long in all. */
export function expectTone(
	samples: Int16Array,
	frequencyHz: number,
	expectedMs: number,
): void {
	const actualMs = lengthOf(samples, frequencyHz);
	if (expectedMs === 0) expect(actualMs).toBe(0);
	else expectAbout(actualMs, expectedMs);
}
