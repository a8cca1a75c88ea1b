import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { AudioError } from "../../audio/audio-error.js";
import { LONGEST_SECONDS, MOST_BYTES } from "../../audio/decode.js";
import { LONGEST_TEXT, voices } from "../../audio/speech.js";
import { loudness, makeTone, toneLevel } from "../../audio/tones.js";
import { encodeWav, wavHeader } from "../../audio/wav.js";
import { createAudioWorker } from "../../audio/worker.js";
import { toneMp3 } from "../media/tone-mp3.js";
import { killLastThread } from "./last-thread.js";
import { layerOneTone } from "./layer-one.js";

const worker = createAudioWorker();
afterAll(() => worker.close());

describe("speech", () => {
	it.each(voices)("is spoken by %s", async (voice) => {
		const samples = await worker.speak("Press one to confirm.", voice);
		expect(samples.length).toBeGreaterThan(8000);
		expect(samples.length).toBeLessThan(24_000);
		expect(loudness(samples)).toBeGreaterThan(0.02);
		expect(samples.buffer).toBeInstanceOf(SharedArrayBuffer);
	});

	it("is the same each time", async () => {
		const first = await worker.speak("Hello.", "slt");
		expect(await worker.speak("Hello.", "slt")).toEqual(first);
	});

	it("says accents as their letters, and takes no option out of a text", async () => {
		const plain = await worker.speak("cafe -o /tmp/x", "kal");
		expect(await worker.speak("café -o /tmp/x", "kal")).toEqual(plain);
		const option = await worker.speak("-voice awb", "kal");
		expect(option.length).toBeGreaterThan(4000);
	});

	it.each<[string, string, RegExp]>([
		["hello", "bob", /no voice "bob": use one of awb, kal/],
		["", "slt", /nothing that the English voices can speak/],
		["日本語", "slt", /nothing that the English voices can speak/],
		["a".repeat(LONGEST_TEXT + 1), "slt", /5001 characters; 5000/],
	])("refuses %j by %s", async (text, voice, message) => {
		const spoken = worker.speak(text, voice);
		await expect(spoken).rejects.toThrow(AudioError);
		await expect(spoken).rejects.toThrow(message);
	});
});

describe("decoding", () => {
	it("makes a wav of any rate and number of channels 8 kHz mono", async () => {
		const left = makeTone([440], 500);
		const samples = Int16Array.from({ length: left.length * 2 }, (_, i) =>
			i % 2 ? 0 : (left[i / 2] ?? 0),
		);
		const bytes = encodeWav({ sampleRateHz: 16_000, channels: 2, samples });
		const heard = await worker.decode(bytes);
		expect(heard.length).toBe(2000);
		expect(toneLevel(heard, 880)).toBeCloseTo(0.15, 2);
	});

	it("tells an mp3 by its content", async () => {
		const heard = await worker.decode(toneMp3);
		expect(Math.abs(heard.length - 4000)).toBeLessThan(500);
		expect(toneLevel(heard.subarray(500, 3500), 1000)).toBeCloseTo(0.5, 1);
	});

	it("takes MPEG layer I too", async () => {
		const heard = await worker.decode(layerOneTone(60));
		expect(heard.length).toBeGreaterThan(5000);
		expect(toneLevel(heard.subarray(800, 4800), 1250)).toBeGreaterThan(0.1);
	});

	it.each<[string, Uint8Array, RegExp]>([
		["nothing", new Uint8Array(0), /empty/],
		["a page", Buffer.from("<!doctype html><p>404"), /HTML/],
		["JSON", Buffer.from('{"error": 1}'), /JSON/],
		["Ogg", Buffer.from("OggS and more of it"), /Ogg/],
		["an M4A", Buffer.from("\0\0\0\x20ftypM4A "), /M4A/],
		["noise", Buffer.alloc(5000, 0xff), /no frame that can be decoded/],
		[
			"a tag and noise",
			Buffer.concat([Buffer.from("ID3"), Buffer.alloc(5000, 0x55)]),
			/no frame/,
		],
		["too much", new Uint8Array(MOST_BYTES + 1), /at most/],
	])("refuses %s and says what it is", async (_name, bytes, message) => {
		const decoded = worker.decode(bytes);
		await expect(decoded).rejects.toThrow(AudioError);
		await expect(decoded).rejects.toThrow(message);
	});

	it("refuses what lasts too long without making room for it", async () => {
		// At 1 Hz the few bytes of this wav would become minutes of 8 kHz.
		const header = wavHeader({ sampleRateHz: 1, channels: 1 }, 0xffff_fff0);
		const bytes = Buffer.concat([
			header,
			Buffer.alloc((LONGEST_SECONDS + 1) * 2),
		]);
		await expect(worker.decode(bytes)).rejects.toThrow(
			/longer than 600 seconds/,
		);
		// The shortest frames that are allowed, one after the other: over ten minutes in 15 MB.
		await expect(worker.decode(layerOneTone(51_000))).rejects.toThrow(
			/longer than 600 seconds/,
		);
	});
});

describe("the audio worker", () => {
	it("rejects what is under way when it is closed, and all that comes later", async () => {
		const other = createAudioWorker();
		const speaking = other.speak("Hello.", "slt");
		const settled = expect(speaking).rejects.toThrow(/closed/);
		await other.close();
		await settled;
		await expect(other.speak("Hello.", "slt")).rejects.toThrow(/closed/);
	});

	it("rejects what is under way when its thread dies, and goes on with a new one", async () => {
		const other = createAudioWorker();
		const speaking = other.speak("Hello.", "slt");
		const settled = expect(speaking).rejects.toThrow(/its thread ended/);
		await killLastThread();
		await settled;
		expect((await other.speak("Hello.", "kal")).length).toBeGreaterThan(1000);
		await other.close();
	});

	it("gives a task its time from when it begins, however long the queue, and ends only one that hangs", async () => {
		const text = "This is a sentence of a few words. ".repeat(4);
		const alone = createAudioWorker();
		await alone.speak("Begin.", "slt");
		const begunAt = performance.now();
		await alone.speak(text, "slt");
		const limitMs = 6 * (performance.now() - begunAt);
		await alone.close();
		const queue = createAudioWorker(limitMs);
		const startedAt = performance.now();
		const all = Array.from({ length: 24 }, (_, n) =>
			queue.speak(`${n} ${text}`, "slt"),
		);
		for (const samples of await Promise.all(all))
			expect(samples.length).toBeGreaterThan(8000);
		// else it would not show anything
		expect(performance.now() - startedAt).toBeGreaterThan(limitMs);
		await queue.close();
		const hasty = createAudioWorker(1);
		const [late, closed] = [hasty.speak(text, "slt"), hasty.speak("a", "slt")];
		await expect(late).rejects.toThrow("longer than 1 ms");
		await expect(closed).rejects.toThrow(AudioError);
		await hasty.close();
	}, 60_000);

	it("does not begin what nobody waits for any more", async () => {
		const queue = createAudioWorker();
		const gone = new AbortController();
		const first = queue.speak("one", "slt");
		const dropped = queue.speak("two", "slt", gone.signal);
		const third = queue.speak("three", "slt");
		gone.abort();
		await expect(dropped).rejects.toThrow("nobody waits");
		await Promise.all([first, third]);
		await expect(queue.speak("four", "slt", gone.signal)).rejects.toThrow(
			"nobody waits",
		);
		await queue.close();
	});

	it("does not keep the process alive once it is idle", async () => {
		const url = new URL("../../audio/worker.js", import.meta.url).href;
		const script = `import { createAudioWorker } from ${JSON.stringify(url)};
			const samples = await createAudioWorker().speak("Hello.", "kal");
			console.log(samples.length > 1000);`;
		const args = ["--input-type=module", "-e", script];
		const run = promisify(execFile)(process.execPath, args, {
			timeout: 15_000,
		});
		expect((await run).stdout).toBe("true\n");
	});
});
