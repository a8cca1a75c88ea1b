import { AudioError } from "./audio-error.js";
import { decodeMp3, isMp3 } from "./mp3.js";
import { resampleToTelephone } from "./resample.js";
import { isWav, mixDown, parseWav } from "./wav.js";

export const MOST_BYTES = 30_000_000;
export const LONGEST_SECONDS = 600;

/** What people send instead of a wav or mp3, by its first bytes. */
const OTHERS: readonly [string, string][] = [
	["OggS", "an Ogg file"],
	["fLaC", "a FLAC file"],
	["FORM", "an AIFF file"],
	["#!AMR", "an AMR file"],
	["<", "an HTML or XML page"],
	["{", "a JSON document"],
];

/** A wav or mp3, told apart by content, as 8 kHz mono; throws an AudioError that says what it is instead. Blocks: run it in a worker. */
export async function decodeSound(bytes: Uint8Array): Promise<Int16Array> {
	if (bytes.length === 0) throw new AudioError("the sound file is empty");
	if (bytes.length > MOST_BYTES) {
		throw new AudioError(
			`the sound has ${bytes.length} bytes; at most ${MOST_BYTES} are read`,
		);
	}
	if (isWav(bytes)) return decodeWav(bytes);
	if (isMp3(bytes)) return decodeMp3(bytes, LONGEST_SECONDS);
	const start = Buffer.from(bytes.subarray(0, 12)).toString("latin1");
	const other =
		OTHERS.find(([letters]) => start.startsWith(letters))?.[1] ??
		(start.slice(4, 8) === "ftyp" ? "an MP4 or M4A file" : "neither");
	throw new AudioError(`a wav or mp3 is needed; this is ${other}`);
}

function decodeWav(bytes: Uint8Array): Int16Array {
	const wav = parseWav(bytes);
	const frames = wav.samples.length / wav.channels;
	if (frames > LONGEST_SECONDS * wav.sampleRateHz) {
		throw new AudioError(
			`the wav lasts longer than ${LONGEST_SECONDS} seconds`,
		);
	}
	return resampleToTelephone(mixDown(wav), wav.sampleRateHz);
}
