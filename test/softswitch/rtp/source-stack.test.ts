import { beforeEach, describe, expect, it } from "vitest";
import { decodeG711, type Law } from "../../../audio/g711.js";
import { makeTone, toneLevel } from "../../../audio/tones.js";
import type { Tone } from "../../../softswitch/rtp/media.js";
import { SourceStack } from "../../../softswitch/rtp/source-stack.js";

let stack = new SourceStack();
beforeEach(() => {
	stack = new SourceStack();
});

/** The next frames as a listener decodes them, and the linear samples that a recorder is given. */
function hear(frames: number, law: Law = "mu") {
	const bytes = new Uint8Array(160 * frames);
	const linear = new Int16Array(160 * frames);
	let sounding = 0;
	for (let i = 0; i < frames; i++) {
		const from = i * 160;
		const frame = {
			law,
			bytes,
			at: from,
			linear: linear.subarray(from, from + 160),
		};
		if (stack.next(frame)) sounding++;
	}
	return { heard: decodeG711(law, bytes), linear, sounding };
}

const constant = (value: number, length = 320) =>
	new Int16Array(length).fill(value);
const beat = (onMs: number, offMs: number, frequency: number): Tone => ({
	onMs,
	offMs,
	frequenciesHz: [frequency],
	volume: 0.5,
});

describe("SourceStack", () => {
	it("plays nothing when nothing was pushed", () => {
		expect(hear(2).sounding).toBe(0);
	});

	it.each<Law>(["mu", "a"])(
		"plays samples in %s-law, and as they are",
		(law) => {
			const samples = makeTone([440], 400, 0.5);
			stack.push({ kind: "pcm", samples });
			const { heard, linear } = hear(20, law);
			expect(toneLevel(heard, 440)).toBeCloseTo(0.5, 2);
			expect(linear).toEqual(samples);
		},
	);

	it("ends after the last frame was out for its 20 ms, silent to the frame's end", async () => {
		const playback = stack.push({ kind: "pcm", samples: constant(1000, 200) });
		const { linear, sounding } = hear(3);
		expect(sounding).toBe(2);
		expect([...linear.subarray(199, 202)]).toEqual([1000, 0, 0]);
		expect(await playback.done).toEqual({ samples: 200, by: "end" });
	});

	it("begins where it is told to, across the blocks it is encoded in", async () => {
		const samples = Int16Array.from({ length: 4000 }, (_, i) => i * 8);
		const playback = stack.push({ kind: "pcm", samples, fromSample: 700 });
		const { heard } = hear(21);
		expect(Math.abs((heard[0] ?? 0) - 5600)).toBeLessThan(130);
		expect(Math.abs((heard[3299] ?? 0) - 31_992)).toBeLessThan(600);
		hear(1);
		expect(await playback.done).toEqual({ samples: 3300, by: "end" });
	});

	it("ends at once where there is nothing left to play", async () => {
		const beyond = {
			kind: "pcm",
			samples: constant(1),
			fromSample: 999,
		} as const;
		const playback = stack.push(beyond);
		expect(hear(1).sounding).toBe(0);
		expect(await playback.done).toEqual({ samples: 0, by: "end" });
	});

	it("lets the newest be heard; the one below waits and goes on where it was", async () => {
		const first = stack.push({ kind: "pcm", samples: constant(1000) });
		expect(hear(1).linear[0]).toBe(1000);
		const second = stack.push({ kind: "pcm", samples: constant(2000, 160) });
		const { linear, sounding } = hear(3);
		expect([linear[0], linear[160]]).toEqual([2000, 1000]);
		expect(sounding).toBe(2);
		expect(await second.done).toEqual({ samples: 160, by: "end" });
		expect(await first.done).toEqual({ samples: 320, by: "end" });
	});

	it("stops any of them, the one below too", async () => {
		const first = stack.push({ kind: "pcm", samples: constant(1000) });
		const second = stack.push({ kind: "pcm", samples: constant(2000) });
		hear(1);
		first.stop();
		first.stop();
		expect(await first.done).toEqual({ samples: 0, by: "stopped" });
		expect(hear(1).linear[0]).toBe(2000);
		second.stop();
		expect(await second.done).toEqual({ samples: 320, by: "stopped" });
		expect(hear(1).sounding).toBe(0);
	});

	it("ends all of them when it is closed, the newest first", async () => {
		const ends: string[] = [];
		const pushed = ["first", "second"].map((name) =>
			stack
				.push({ kind: "silence", durationMs: -1 })
				.done.then(({ by }) => ends.push(`${name} ${by}`)),
		);
		stack.close();
		await Promise.all(pushed);
		expect(ends).toEqual(["second closed", "first closed"]);
	});

	it("plays beats of tones with their pauses, over and over", async () => {
		const tones = [beat(100, 50, 440), beat(30, 20, 1000)];
		const playback = stack.push({ kind: "tones", tones, loops: 2 });
		const { heard, sounding } = hear(22);
		expect(sounding).toBe(20);
		for (const cycle of [0, 1600]) {
			const part = (from: number, to: number) =>
				heard.subarray(cycle + from * 8, cycle + to * 8);
			expect(toneLevel(part(0, 100), 440)).toBeCloseTo(0.5, 1);
			expect(part(100, 150).every((sample) => sample === 0)).toBe(true);
			expect(toneLevel(part(150, 180), 1000)).toBeCloseTo(0.5, 1);
			expect(part(180, 200).every((sample) => sample === 0)).toBe(true);
		}
		expect(await playback.done).toEqual({ samples: 3200, by: "end" });
	});

	it("plays tones until they are stopped, for ever if need be", () => {
		stack.push({ kind: "tones", tones: [beat(33, 7, 440)], loops: -1 });
		expect(hear(500).sounding).toBe(500);
	});

	it("takes tones without length for over", async () => {
		const playback = stack.push({ kind: "tones", tones: [], loops: -1 });
		expect(hear(1).sounding).toBe(0);
		expect(await playback.done).toEqual({ samples: 0, by: "end" });
	});

	it("plays silence of a length", async () => {
		const playback = stack.push({ kind: "silence", durationMs: 50 });
		const { linear, sounding } = hear(4);
		expect(sounding).toBe(3);
		expect(linear.every((sample) => sample === 0)).toBe(true);
		expect(await playback.done).toEqual({ samples: 400, by: "end" });
	});
});
