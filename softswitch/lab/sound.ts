import { readFile } from "node:fs/promises";
import { decodeSound } from "../../audio/decode.js";
import {
	parseSilenceStream,
	parseToneStream,
} from "../../audio/tone-stream.js";
import type { Source } from "../rtp/media.js";
import type { Sound } from "./script.js";

const TONE = "tone_stream://";
const SILENCE = "silence_stream://";

/** Throws an AudioError on what is no sound, the system's error where the file cannot be read. */
export async function loadSound(sound: Sound): Promise<Source> {
	if (sound.startsWith(TONE)) {
		return { kind: "tones", ...parseToneStream(sound.slice(TONE.length)) };
	}
	if (sound.startsWith(SILENCE)) {
		const durationMs = parseSilenceStream(sound.slice(SILENCE.length));
		return { kind: "silence", durationMs };
	}
	return { kind: "pcm", samples: await decodeSound(await readFile(sound)) };
}
