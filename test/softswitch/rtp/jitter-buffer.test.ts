import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { g711 } from "../../../audio/g711.js";
import {
	type Heard,
	JitterBuffer,
} from "../../../softswitch/rtp/jitter-buffer.js";

/** Frames that are handed out before the first packet's. */
const DELAY_FRAMES = 3;
let buffer = new JitterBuffer();
let frame = new Int16Array(160);

beforeEach(() => {
	buffer = new JitterBuffer();
	frame = new Int16Array(160);
});

function put(timestamp: number, byte: number, length = 160): void {
	const bytes = new Uint8Array(length).fill(byte);
	buffer.put(timestamp, "mu", bytes, 0, length);
}

/** The next frames: what each held and its first sample as the mu-law byte it came from. */
function take(count: number): [Heard, number][] {
	return Array.from({ length: count }, () => {
		const heard = buffer.take(frame);
		const byte = g711.mu.fromLinear[(frame[0] ?? 0) + 32_768] ?? 0;
		return [heard, byte];
	});
}

const SILENT: [Heard, number] = ["nothing", 0xff];

describe("JitterBuffer", () => {
	it("hands sound out 60 ms after it came", () => {
		put(5000, 1);
		expect(take(5)).toEqual([
			SILENT,
			SILENT,
			SILENT,
			["arrived", 1],
			["concealed", expect.any(Number)],
		]);
	});

	it("is silent before anything came", () => {
		expect(take(2)).toEqual([SILENT, SILENT]);
	});

	it.each([80, 160, 240, 320, 400, 480])(
		"takes packets of %i samples",
		(length) => {
			const packets = 960 / length;
			for (let i = 0; i < packets; i++) put(i * length, 20 + i, length);
			const heard: number[] = [];
			for (let i = 0; i < DELAY_FRAMES + 6; i++) {
				buffer.take(frame);
				heard.push(...frame);
			}
			const expected = Array.from(
				{ length: 960 },
				(_, i) => g711.mu.toLinear[20 + Math.floor(i / length)],
			);
			expect(heard.slice(480)).toEqual(expected);
		},
	);

	it("plays what was shuffled and repeated in its order, whatever the order", () => {
		const order = fc.shuffledSubarray([1, 2, 3, 4], { minLength: 4 });
		const start = fc.nat(0xffff_ffff);
		fc.assert(
			fc.property(order, order, start, (first, again, timestamp) => {
				buffer = new JitterBuffer();
				put(timestamp, 10);
				for (const i of [...first, ...again])
					put((timestamp + i * 160) >>> 0, 10 + i);
				const bytes = take(DELAY_FRAMES + 5).slice(DELAY_FRAMES);
				expect(bytes.map(([, byte]) => byte)).toEqual([10, 11, 12, 13, 14]);
				expect(buffer.late).toBe(0);
			}),
		);
	});

	it("fills a gap with the frame before it, quieter each time, then with silence", () => {
		put(0, 0x90);
		put(4 * 160, 0x90);
		const loud = g711.mu.toLinear[0x90] ?? 0;
		take(DELAY_FRAMES + 1);
		const firsts = [1, 2, 3].map(() => [buffer.take(frame), frame[0]]);
		expect(firsts).toEqual([
			["concealed", loud >> 1],
			["concealed", loud >> 2],
			["nothing", 0],
		]);
		expect(take(1)).toEqual([["arrived", 0x90]]);
	});

	it("counts and drops what comes after its time", () => {
		put(0, 1);
		take(DELAY_FRAMES + 2);
		put(160, 2);
		expect(buffer.late).toBe(1);
		put(320, 3);
		expect(take(1)).toEqual([["arrived", 3]]);
	});

	it("waits anew when everything comes late", () => {
		put(0, 1);
		take(20);
		for (let i = 1; i <= 6; i++) put(i * 160, 1 + i);
		expect(buffer.late).toBe(6);
		expect(take(4)).toEqual([SILENT, SILENT, SILENT, ["arrived", 7]]);
	});

	it("begins anew where the timestamps jump", () => {
		put(0, 1);
		take(DELAY_FRAMES + 1);
		put(1_000_000, 2);
		expect(take(4).at(-1)).toEqual(["arrived", 2]);
		put(77, 3);
		expect(take(4).at(-1)).toEqual(["arrived", 3]);
	});

	it("goes on after a pause for which the sender's clock ran on", () => {
		put(0, 1);
		take(100);
		put(100 * 160, 2);
		expect(take(4).at(-1)).toEqual(["arrived", 2]);
	});

	it("cuts the wait when a burst has made it long", () => {
		put(0, 1);
		take(20);
		// The network held 20 packets and lets them go at once; from then on all come in time.
		for (let i = 1; i <= 20; i++) put(i * 160, 1);
		for (let i = 21; i < 200; i++) {
			put(i * 160, i % 100);
			take(1);
		}
		put(200 * 160, 0x55);
		const wait = take(20).findIndex(([, byte]) => byte === 0x55);
		expect(wait).toBeGreaterThanOrEqual(1);
		expect(wait).toBeLessThanOrEqual(4);
	});

	it("keeps pace with a sender whose clock is one in a thousand fast or slow", () => {
		for (const pace of [0.999, 1.001]) {
			buffer = new JitterBuffer();
			let nothing = 0;
			let sent = 0;
			for (let tick = 0; tick < 20_000; tick++) {
				while (sent <= tick * pace) put(sent++ * 160, 0x90);
				const [heard] = take(1)[0] ?? SILENT;
				if (tick > 10 && heard === "nothing") nothing++;
			}
			expect(nothing).toBeLessThan(40);
		}
	});

	it("does not conceal what comes after a pause in listening by what was heard before it", () => {
		put(0, 0x90);
		take(DELAY_FRAMES + 1);
		buffer.skip(160);
		expect(take(1)).toEqual([SILENT]);
		put(7 * 160 + 80, 0x90, 80);
		take(2);
		buffer.take(frame);
		expect(frame[0]).toBe(0);
	});

	it("takes both laws in one stream", () => {
		put(0, 0x90);
		buffer.put(160, "a", new Uint8Array(160).fill(0x2a), 0, 160);
		take(DELAY_FRAMES + 1);
		buffer.take(frame);
		expect(frame[0]).toBe(g711.a.toLinear[0x2a]);
	});

	it("takes no packet for longer than it can keep", () => {
		put(0, 1, 60_000);
		put(160, 2);
		expect(take(DELAY_FRAMES + 2).at(-1)).toEqual(["arrived", 2]);
	});
});
