import { beforeEach, describe, expect, it } from "vitest";
import { Latch } from "../../../softswitch/rtp/latch.js";

const SIGNALLED = ["192.0.2.1", 4000] as const;
const NAT = ["203.0.113.7", 50_000] as const;
const STRANGER = ["198.51.100.66", 666] as const;

let latch = new Latch();
let nowMs = 0;
beforeEach(() => {
	latch = new Latch();
	latch.expect(...SIGNALLED);
	nowMs = 0;
});

function admit(
	[address, port]: readonly [string, number],
	sequence: number,
	ssrc = 1,
): boolean {
	nowMs += 20;
	return latch.admit(address, port, ssrc, sequence, nowMs);
}

const target = () => [latch.address, latch.port];

describe("Latch", () => {
	it("sends to the SDP's address until another is proven", () => {
		expect(target()).toEqual(SIGNALLED);
	});

	it("believes the SDP's address at once", () => {
		expect(admit(SIGNALLED, 1)).toBe(true);
		expect(target()).toEqual(SIGNALLED);
	});

	it("believes a phone behind NAT after three packets in sequence", () => {
		expect([1, 2, 3, 4].map((sequence) => admit(NAT, sequence))).toEqual([
			false,
			false,
			true,
			true,
		]);
		expect(target()).toEqual(NAT);
	});

	it("never believes packets that do not follow each other", () => {
		for (let i = 0; i < 50; i++) expect(admit(NAT, i * 7919)).toBe(false);
		for (let i = 0; i < 50; i++) expect(admit(NAT, i, i)).toBe(false);
		expect(target()).toEqual(SIGNALLED);
	});

	it("lets no stranger in while the SDP's address speaks", () => {
		admit(SIGNALLED, 1);
		for (let i = 0; i < 50; i++) {
			expect(admit(STRANGER, i, 2)).toBe(false);
			expect(admit(SIGNALLED, 2 + i)).toBe(true);
		}
		expect(target()).toEqual(SIGNALLED);
		expect(latch.refused).toBe(50);
	});

	it("lets no stranger in while the phone behind NAT speaks, nor when it falls silent", () => {
		for (const sequence of [1, 2, 3]) admit(NAT, sequence);
		for (let i = 0; i < 5; i++) expect(admit(STRANGER, i, 2)).toBe(false);
		nowMs += 5000;
		for (let i = 0; i < 5; i++) expect(admit(STRANGER, 10 + i, 2)).toBe(false);
		expect(target()).toEqual(NAT);
	});

	it("returns to the SDP's address when that speaks after all: whoever was faster loses", () => {
		for (const sequence of [1, 2, 3]) admit(STRANGER, sequence, 2);
		expect(target()).toEqual(STRANGER);
		expect(admit(SIGNALLED, 900)).toBe(true);
		expect(target()).toEqual(SIGNALLED);
		expect(admit(STRANGER, 4, 2)).toBe(false);
	});

	it("follows the same stream to a new address after a second of silence", () => {
		for (const sequence of [1, 2, 3]) admit(NAT, sequence);
		const moved = ["203.0.113.7", 51_111] as const;
		expect(admit(moved, 4)).toBe(false);
		nowMs += 1000;
		expect([5, 6, 7].map((sequence) => admit(moved, sequence))).toEqual([
			false,
			false,
			true,
		]);
		expect(target()).toEqual(moved);
	});

	it("keeps to its source when the SDP comes again unchanged, and looks again when it changed", () => {
		for (const sequence of [1, 2, 3]) admit(NAT, sequence);
		latch.expect(...SIGNALLED);
		expect(target()).toEqual(NAT);
		latch.expect("192.0.2.9", 4002);
		expect(target()).toEqual(["192.0.2.9", 4002]);
		expect(admit(NAT, 4)).toBe(false);
	});
});
