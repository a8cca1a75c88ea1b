import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { AudioError } from "../../audio/audio-error.js";
import { loudness, makeTone } from "../../audio/tones.js";
import { parseWav } from "../../audio/wav.js";
import { createAudioWorker } from "../../audio/worker.js";
import { systemClock } from "../../core/clock.js";
import { createHttpClient } from "../../core/http.js";
import { silentLog } from "../../core/log.js";
import { createSounds, type SoundsOptions } from "../../media/sounds.js";
import type { SpeechProvider } from "../../media/speech.js";
import { newFolder } from "./folder.js";

const audio = createAudioWorker();
afterAll(() => audio.close());

let dir: string;
const time = { now: 0 };
beforeEach(async () => {
	dir = await newFolder();
	time.now = Date.now();
});

const http = createHttpClient({
	allow: { cidrs: ["127.0.0.1/32"], hosts: [] },
});
const clock = { ...systemClock, now: () => time.now };

const soundsWith = (more: Partial<SoundsOptions> = {}) =>
	createSounds({ dir, http, audio, clock, log: silentLog, ...more });

/** Speaks every text as a second of tone and notes it. */
function toneSpeech(name = "tone"): SpeechProvider & { spoken: string[] } {
	const spoken: string[] = [];
	return {
		name,
		spoken,
		async speak(text) {
			spoken.push(text);
			return makeTone([1000], 1000);
		},
	};
}

const unusable = { name: "Fault", code: "SOUND_UNUSABLE" };

describe("a text", () => {
	it("becomes speech of 8 kHz, mono, 16 bits", async () => {
		const sound = await soundsWith().prepare({ text: "Press 1 for apples." });
		const wav = parseWav(await readFile(sound.path));
		expect(wav).toMatchObject({ sampleRateHz: 8000, channels: 1 });
		expect(loudness(wav.samples)).toBeGreaterThan(0.01);
		expect(sound.durationMs).toBe(wav.samples.length / 8);
		expect(sound.durationMs).toBeGreaterThan(700);
		expect(sound.durationMs).toBeLessThan(4000);
	});

	it("is spoken once, however often and by however many it is asked for", async () => {
		const speech = toneSpeech();
		const sounds = soundsWith({ speech });
		const all = await Promise.all(
			Array.from({ length: 20 }, () => sounds.prepare({ text: "Hello" })),
		);
		expect(new Set(all.map(({ path }) => path)).size).toBe(1);
		expect(await sounds.prepare({ text: "Hello" })).toEqual(all[0]);
		expect(await soundsWith({ speech }).prepare({ text: "Hello" })).toEqual(
			all[0],
		);
		expect(speech.spoken).toEqual(["Hello"]);
	});

	it("is spoken anew by another voice", async () => {
		const [first, second] = [toneSpeech("a"), toneSpeech("b")];
		const one = await soundsWith({ speech: first }).prepare({ text: "Hello" });
		const other = await soundsWith({ speech: second }).prepare({
			text: "Hello",
		});
		expect(other.path).not.toBe(one.path);
		expect(second.spoken).toHaveLength(1);
	});

	it("is never taken for a URL of the same letters", async () => {
		const text = "http://127.0.0.1:1/";
		const sounds = soundsWith({ speech: toneSpeech() });
		await sounds.prepare({ text });
		await expect(sounds.prepare({ url: text })).rejects.toMatchObject({
			code: "FETCH_FAILED",
		});
	});

	it("that is too long is refused without being spoken", async () => {
		const speech = toneSpeech();
		const sounds = soundsWith({ speech });
		await expect(
			sounds.prepare({ text: "a".repeat(5001) }),
		).rejects.toMatchObject({
			...unusable,
			message: "the text has 5001 characters; at most 5000 are spoken",
		});
		await sounds.prepare({ text: "a".repeat(5000) });
		expect(speech.spoken).toHaveLength(1);
	});

	it.each(["", "  ", "...", "你好", "\0"])(
		"that holds nothing to speak is refused (%j)",
		async (text) => {
			await expect(soundsWith().prepare({ text })).rejects.toMatchObject(
				unusable,
			);
		},
	);

	it.each([
		// biome-ignore lint/suspicious/noTemplateCurlyInString: it is FreeSWITCH that would expand it
		"${system reboot}",
		"a\n\nbgapi status",
		"`id`; $(id) -voice kal",
		"-t",
	])("is only ever text (%j)", async (text) => {
		const { path } = await soundsWith().prepare({ text });
		expect(path).toMatch(/\/[0-9a-f]{64}\.wav$/);
		expect(await readdir(dir)).toHaveLength(1);
	});

	it("that could not be spoken is tried anew the next time", async () => {
		let broken = true;
		const speech = toneSpeech();
		const flaky: SpeechProvider = {
			name: "flaky",
			speak: (text) =>
				broken
					? Promise.reject(new AudioError("no voice"))
					: speech.speak(text),
		};
		const sounds = soundsWith({ speech: flaky });
		const asked = { text: "Hello" };
		await expect(sounds.prepare(asked)).rejects.toMatchObject({
			...unusable,
			message: "no voice",
		});
		broken = false;
		expect(await sounds.prepare(asked)).toMatchObject({ durationMs: 1000 });
	});

	it("that cannot be kept on disk is a fault that names no path", async () => {
		const file = join(dir, "a file");
		await writeFile(file, "");
		const sounds = soundsWith({
			dir: join(file, "sounds"),
			speech: toneSpeech(),
		});
		await expect(sounds.prepare({ text: "Hello" })).rejects.toMatchObject({
			...unusable,
			message: expect.not.stringContaining(dir),
		});
	});
});

describe("a caller who gives up", () => {
	it("is let go at once, and the others get their sound", async () => {
		let finish = (_: Int16Array) => {};
		let asked = () => {};
		const speaking = new Promise<void>((resolve) => {
			asked = resolve;
		});
		const slow: SpeechProvider = {
			name: "slow",
			speak: () =>
				new Promise((resolve) => {
					finish = resolve;
					asked();
				}),
		};
		const sounds = soundsWith({ speech: slow });
		const controller = new AbortController();
		const impatient = sounds.prepare({ text: "Hello" }, controller.signal);
		const patient = sounds.prepare({ text: "Hello" });
		await speaking;
		controller.abort("over");
		await expect(impatient).rejects.toBe("over");
		await expect(
			sounds.prepare({ text: "Hello" }, controller.signal),
		).rejects.toBe("over");
		finish(makeTone([1000], 500));
		expect(await patient).toMatchObject({ durationMs: 500 });
	});
});
