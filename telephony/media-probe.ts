import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeTone, toneLevel } from "../audio/tones.js";
import { encodeWav, parseWav } from "../audio/wav.js";
import { Fault, message } from "../core/fault.js";
import { newId } from "../core/id.js";
import type { MediaShare } from "../core/media-share.js";
import type { MediaEndpoint } from "./media-endpoint.js";

const TONE_HZ = 1_000;
const TONE_MS = 500;
/** Of full scale; the tone itself has half of it. */
const HEARD = 0.05;

export interface ProbeOptions {
	dataDir: string;
	share: MediaShare;
}

/** Has a FreeSWITCH play a tone to itself and record it, by the same ways as a call's; rejects with a Fault (ENGINE_DOWN) that says what it cannot do. */
export async function probeMedia(
	endpoint: MediaEndpoint,
	{ dataDir, share }: ProbeOptions,
): Promise<void> {
	const name = `probe-${newId()}.wav`;
	const [sound, recording] = (await Promise.all(
		["sounds", "recordings"].map(async (folder) => {
			await mkdir(join(dataDir, folder), { recursive: true });
			return join(dataDir, folder, name);
		}),
	)) as [string, string]; // as many as went in
	const tone = makeTone([TONE_HZ], TONE_MS);
	await writeFile(
		sound,
		encodeWav({ sampleRateHz: 8_000, channels: 1, samples: tone }),
	);
	try {
		await recordItself(endpoint, { share, sound, recording });
		const complaint = await complaintOf(recording);
		if (complaint) throw cannot("record to", recording, complaint);
	} finally {
		await Promise.all(
			[sound, recording].map((path) => rm(path, { force: true })),
		);
	}
}

async function recordItself(
	one: MediaEndpoint,
	{
		share,
		sound,
		recording,
	}: { share: MediaShare; sound: string; recording: string },
): Promise<void> {
	const other = await one.another(false);
	try {
		await one.accept(other.offer);
		await other.accept(one.offer);
		const to = share.recording(recording);
		if (!(await one.startRecording(to)))
			throw cannot("record to", to, "it refuses");
		const end = await other.play(share.sound(sound));
		await one.stopRecording(to);
		if (end !== "played") throw cannot("play", share.sound(sound), end);
		await share.arrived(recording);
	} finally {
		// of a probe that failed nothing is taken any more
		await Promise.all([share.arrived(recording, 0), other.destroy()]);
	}
}

async function complaintOf(recording: string): Promise<string | null> {
	try {
		const { samples } = parseWav(new Uint8Array(await readFile(recording)));
		const left = samples.filter((_, at) => at % 2 === 0);
		return toneLevel(left, TONE_HZ) > HEARD
			? null
			: "what it played is not in it";
	} catch (error) {
		return message(error);
	}
}

const cannot = (what: string, path: string, why: string): Fault =>
	new Fault(
		"ENGINE_DOWN",
		`it cannot ${what} ${path} (${why}): give it the same DATA_DIR, or set MEDIA_URL`,
	);
