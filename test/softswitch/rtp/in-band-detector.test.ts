import { describe, expect, it } from "vitest";
import { loadFlite } from "../../../audio/speech.js";
import { dtmfFrequencies, makeTone } from "../../../audio/tones.js";
import { InBandDetector } from "../../../softswitch/rtp/in-band-detector.js";
import { kinds, openPair, startEngine } from "./engines.js";

const silence = (ms: number) => new Int16Array(ms * 8);
const key = (digit: string, ms: number, volume = 0.2) =>
	makeTone(dtmfFrequencies(digit), ms, volume);

function detect(...sounds: Int16Array[]): [string, number][] {
	const digits: [string, number][] = [];
	const detector = new InBandDetector((digit, duration) =>
		digits.push([digit, duration / 8]),
	);
	const all = Int16Array.from(sounds.flatMap((sound) => [...sound]));
	for (let at = 0; at + 160 <= all.length; at += 160) {
		detector.frame(all.subarray(at, at + 160));
	}
	return digits;
}

describe("InBandDetector", () => {
	it("hears every key once, when it is released", () => {
		for (const digit of "0123456789*#ABCD") {
			expect(detect(silence(50), key(digit, 100), silence(60))).toEqual([
				[digit, expect.closeTo(100, -2)],
			]);
		}
	});

	it("hears the same key twice, and one right after another", () => {
		const sounds = [
			key("5", 80),
			silence(60),
			key("5", 80),
			key("6", 80),
			silence(60),
		];
		expect(
			detect(...sounds)
				.map(([digit]) => digit)
				.join(""),
		).toBe("556");
	});

	it("hears faint keys, not whispers of them or clicks", () => {
		expect(detect(key("1", 100, 0.03), silence(60)).length).toBe(1);
		expect(detect(key("1", 100, 0.005), silence(60))).toEqual([]);
		expect(detect(silence(10), key("1", 20), silence(60))).toEqual([]);
	});

	it("hears a key through a break of a frame", () => {
		expect(
			detect(key("1", 80), silence(20), key("1", 80), silence(60)).length,
		).toBe(1);
	});

	it("takes single tones, other pairs and speech for none", async () => {
		for (const frequencies of [
			[697],
			[440, 480],
			[350, 440],
			[697, 770],
			[1336],
		]) {
			expect(detect(makeTone(frequencies, 300), silence(60))).toEqual([]);
		}
		const flite = await loadFlite();
		const text =
			"Your appointment is tomorrow at ten thirty in the morning. Press one to confirm, or two to reschedule.";
		for (const voice of ["slt", "rms", "awb"]) {
			expect(detect(flite.speak(text, voice))).toEqual([]);
		}
	});
});

describe.each(kinds)("in-band digits of a media stream %s", (kind) => {
	it("are heard when that was asked for, and not otherwise", async () => {
		const [caller, leg] = await openPair(startEngine(kind));
		const press = async (digit: string) => {
			await caller.play({ kind: "pcm", samples: key(digit, 100) }).done;
			await caller.play({ kind: "silence", durationMs: 200 }).done;
		};
		await press("1");
		leg.detectDigits(true);
		await press("2");
		leg.detectDigits(false);
		await press("3");
		expect(leg.heard).toEqual([
			{ digit: "2", durationSamples: expect.any(Number), by: "INBAND_AUDIO" },
		]);
	});
});
