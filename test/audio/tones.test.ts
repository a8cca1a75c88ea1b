import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AudioError } from "../../audio/audio-error.js";
import {
	parseSilenceStream,
	parseToneStream,
} from "../../audio/tone-stream.js";
import {
	dtmfFrequencies,
	fillTone,
	loudness,
	makeTone,
	toneLevel,
} from "../../audio/tones.js";

describe("tones", () => {
	it("measure as loud as they were made", () => {
		const tone = makeTone([440, 1000], 500, 0.25);
		expect(tone.length).toBe(4000);
		expect(toneLevel(tone, 440)).toBeCloseTo(0.25, 2);
		expect(toneLevel(tone, 1000)).toBeCloseTo(0.25, 2);
		expect(toneLevel(tone, 700)).toBeLessThan(0.01);
		expect(loudness(tone)).toBeCloseTo(0.25, 2);
	});

	it("go on without a click from frame to frame", () => {
		const whole = makeTone([433], 40);
		const second = new Int16Array(160);
		fillTone(second, [433], 0.3, 160);
		expect(second).toEqual(whole.subarray(160));
	});

	it("of the keys are ITU-T Q.23's", () => {
		expect(dtmfFrequencies("1")).toEqual([697, 1209]);
		expect(dtmfFrequencies("#")).toEqual([941, 1477]);
		expect(dtmfFrequencies("D")).toEqual([941, 1633]);
		expect(() => dtmfFrequencies("x")).toThrow(/not a key/);
		expect(() => dtmfFrequencies("")).toThrow(/not a key/);
	});

	it("of silence measure nothing", () => {
		expect(toneLevel(new Int16Array(0), 440)).toBe(0);
		expect(loudness(new Int16Array(0))).toBe(0);
	});
});

describe("parseToneStream", () => {
	it("reads beats, volume and loops", () => {
		const { tones, loops } = parseToneStream(
			"v=-10;%(2000,4000,440,480);loops=3",
		);
		expect(loops).toBe(3);
		expect(tones).toEqual([
			{
				onMs: 2000,
				offMs: 4000,
				frequenciesHz: [440, 480],
				volume: expect.closeTo(0.11, 2),
			},
		]);
	});

	it("reads several beats in a row, L= times over", () => {
		const { tones } = parseToneStream("%(100,50,440)%(200,60,880);L=2");
		expect(tones.map(({ onMs }) => onMs)).toEqual([100, 200, 100, 200]);
	});

	it("reads keys, with their length and pause", () => {
		const { tones } = parseToneStream("d=100;w=40;12");
		expect(tones.map(({ frequenciesHz }) => frequenciesHz)).toEqual([
			[697, 1209],
			[697, 1336],
		]);
		expect(tones[0]).toMatchObject({ onMs: 100, offMs: 40 });
	});

	it.each<[string, number]>([
		["%(1,1,440);loops=-1", -1],
		["%(1,1,440);loops=0", 1],
		["%(1,1,440)", 1],
	])("plays %s %i times", (text, loops) => {
		expect(parseToneStream(text).loops).toBe(loops);
	});

	it.each([
		"",
		"v=-7",
		"%(1000)",
		"%(a,b,c)",
		"%(1,1,-440)",
		"%(1,1,440);loops=many",
		"x=5;%(1,1,440)",
		"hello",
		"%(1,1,440);L=999999",
		"l=999999;1",
		"%(99999999999,0,440)",
	])("refuses %j with an AudioError", (text) => {
		expect(() => parseToneStream(text)).toThrow(AudioError);
	});

	it("fails on nothing but an AudioError, whatever the text", () => {
		const piece = fc.constantFrom(
			"%(",
			"100",
			",",
			"440",
			")",
			";",
			"loops=",
			"v=",
			"l=",
			"L=",
			"-1",
			"0",
			"1",
			"#",
			" ",
		);
		const text = fc
			.array(piece, { maxLength: 20 })
			.map((list) => list.join(""));
		fc.assert(
			fc.property(fc.oneof(text, fc.string()), (value) => {
				try {
					const { tones, loops } = parseToneStream(value);
					expect(tones.length).toBeLessThanOrEqual(1000);
					expect(loops === -1 || loops > 0).toBe(true);
				} catch (error) {
					expect(error).toBeInstanceOf(AudioError);
				}
			}),
		);
	});
});

describe("parseSilenceStream", () => {
	it("reads milliseconds, and everything from 0 down as until stopped", () => {
		expect(parseSilenceStream("1500")).toBe(1500);
		expect(parseSilenceStream("1500,1400")).toBe(1500);
		expect(parseSilenceStream("-1")).toBe(-1);
		expect(parseSilenceStream("0")).toBe(-1);
		expect(() => parseSilenceStream("soon")).toThrow(AudioError);
	});
});
