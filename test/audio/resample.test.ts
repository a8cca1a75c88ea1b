import { describe, expect, it } from "vitest";
import { resampleToTelephone } from "../../audio/resample.js";
import { loudness, toneLevel } from "../../audio/tones.js";

const sine = (frequencyHz: number, sampleRateHz: number, peak = 0.5) =>
	Int16Array.from(
		{ length: sampleRateHz / 2 },
		(_, i) =>
			32_767 * peak * Math.sin((2 * Math.PI * frequencyHz * i) / sampleRateHz),
	);

describe("resampleToTelephone", () => {
	it.each([
		4000, 6000, 7999, 11_025, 16_000, 22_050, 44_100, 44_056, 48_000, 96_000,
	])("keeps a tone's pitch, loudness and length from %i Hz", (rate) => {
		const heard = resampleToTelephone(sine(1000, rate), rate);
		expect(Math.abs(heard.length - 4000)).toBeLessThanOrEqual(2);
		expect(toneLevel(heard, 1000)).toBeCloseTo(0.5, 2);
	});

	it.each([4500, 5000, 7000, 12_000, 20_000])(
		"lets nothing of %i Hz through as another tone",
		(frequency) => {
			const heard = resampleToTelephone(sine(frequency, 44_100), 44_100);
			// The filter rings at either end, where the tone is cut.
			expect(loudness(heard.subarray(200, -200))).toBeLessThan(0.002);
		},
	);

	it("clips what the filter drives past full scale", () => {
		const square = Int16Array.from({ length: 16_000 }, (_, i) =>
			Math.floor(i / 40) % 2 === 0 ? 32_767 : -32_768,
		);
		const heard = resampleToTelephone(square, 16_000);
		expect(Math.max(...heard)).toBe(32_767);
		expect(Math.min(...heard)).toBe(-32_768);
	});

	it("returns 8 kHz as it is", () => {
		const samples = Int16Array.of(1, 2, 3);
		expect(resampleToTelephone(samples, 8000)).toBe(samples);
	});
});
