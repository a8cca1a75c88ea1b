import { describe, expect, it } from "vitest";
import { Reception } from "../../../softswitch/rtp/reception.js";

function receive(...sequences: number[]): Reception {
	const reception = new Reception();
	for (const sequence of sequences) reception.receive(1, sequence & 0xffff);
	return reception;
}

describe("Reception", () => {
	it.each<[string, number[], number]>([
		["nothing", [1, 2, 3], 0],
		["what is missing", [1, 2, 5], 2],
		["what is missing where the numbers begin anew", [0xfffe, 1], 2],
		["nothing that came late", [1, 3, 2], 0],
		["nothing below zero where packets repeat", [1, 1, 1, 2], 0],
		["nothing where the sender began anew", [1, 2, 40_000, 40_001], 0],
	])("counts as lost %s", (_name, sequences, lost) => {
		const reception = receive(...sequences);
		expect(reception.lost).toBe(lost);
		expect(reception.received).toBe(sequences.length);
	});

	it("counts on when the source changes", () => {
		const reception = receive(1, 2, 4);
		reception.receive(2, 100);
		reception.receive(2, 102);
		expect(reception.lost).toBe(2);
	});

	it("measures jitter as RFC 3550 does", () => {
		const reception = new Reception();
		for (let i = 0; i < 200; i++) reception.measureJitter(i * 160, i * 20);
		expect(reception.jitterMs).toBe(0);
		for (let i = 200; i < 600; i++) {
			reception.measureJitter(i * 160, i * 20 + (i % 2) * 4);
		}
		expect(reception.jitterMs).toBeCloseTo(4, 1);
	});

	it("does not take a new time line for jitter", () => {
		const reception = new Reception();
		reception.measureJitter(0, 0);
		reception.measureJitter(1_000_000, 20);
		expect(reception.jitterMs).toBe(0);
	});
});
