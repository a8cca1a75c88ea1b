import { describe, expect, it } from "vitest";
import { decodeG711, encodeG711, g711, type Law } from "../../audio/g711.js";

const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);

describe.each<Law>(["mu", "a"])("G.711 %s-law", (law) => {
	it("gives every byte back after decoding and encoding", () => {
		const again = new Uint8Array(256);
		encodeG711(law, decodeG711(law, bytes), again);
		// Minus zero of mu-law is heard as zero.
		const expected = bytes.map((byte) =>
			law === "mu" && byte === 0x7f ? 0xff : byte,
		);
		expect(again).toEqual(expected);
	});

	it("is never further off than half of the step at that loudness", () => {
		const { toLinear, fromLinear } = g711[law];
		for (let sample = -32_000; sample <= 32_000; sample += 7) {
			const heard = toLinear[fromLinear[sample + 32_768] ?? 0] ?? 0;
			const step = Math.max(16, Math.abs(sample) / 16);
			expect(Math.abs(heard - sample)).toBeLessThanOrEqual(step / 2 + 8);
		}
	});
});

describe("G.711", () => {
	// ITU-T G.711 tables 1a and 2a, scaled to 16 bits
	it.each<[Law, number, number]>([
		["mu", 0xff, 0],
		["mu", 0x00, -32_124],
		["mu", 0x80, 32_124],
		["mu", 0xf0, 120],
		["a", 0xd5, 8],
		["a", 0x55, -8],
		["a", 0x2a, -32_256],
		["a", 0xaa, 32_256],
	])("%s-law decodes %i to %i", (law, byte, sample) => {
		expect(g711[law].toLinear[byte]).toBe(sample);
	});

	it("writes where it is told to", () => {
		const target = new Uint8Array(4).fill(7);
		encodeG711("mu", Int16Array.of(0, 0), target, 1);
		expect([...target]).toEqual([7, 0xff, 0xff, 7]);
	});
});
