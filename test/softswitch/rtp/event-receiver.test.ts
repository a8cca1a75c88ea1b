import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { EventReceiver } from "../../../softswitch/rtp/event-receiver.js";
import { eventPayload } from "./far-end.js";

let digits: [string, number][] = [];
let receiver = new EventReceiver(() => undefined);
let nowMs = 0;

beforeEach(() => {
	digits = [];
	nowMs = 0;
	receiver = new EventReceiver((digit, duration) =>
		digits.push([digit, duration]),
	);
});

interface Packet {
	event: number;
	timestamp: number;
	duration: number;
	ended: boolean;
}

function receive({ event, timestamp, duration, ended }: Packet): void {
	const payload = eventPayload(event, duration, ended);
	receiver.receive(payload, 0, 4, timestamp >>> 0, nowMs);
}

/** The packets of one key: a start every 20 ms, the end three times. */
function press(event: number, timestamp: number, frames = 5): Packet[] {
	const packet = (duration: number, ended: boolean) => ({
		event,
		timestamp,
		duration,
		ended,
	});
	const starts = Array.from({ length: frames - 1 }, (_, i) =>
		packet((i + 1) * 160, false),
	);
	const end = packet(frames * 160, true);
	return [...starts, end, end, end];
}

describe("EventReceiver", () => {
	it("makes one digit of a key's packets", () => {
		press(5, 1000).forEach(receive);
		expect(digits).toEqual([["5", 800]]);
	});

	it("knows every key", () => {
		for (let event = 0; event < 16; event++) {
			press(event, 1000 + event * 2000).forEach(receive);
		}
		expect(digits.map(([digit]) => digit).join("")).toBe("0123456789*#ABCD");
	});

	it("hears the same key twice when it is pressed twice", () => {
		press(7, 1000).forEach(receive);
		press(7, 3000).forEach(receive);
		expect(digits.map(([digit]) => digit)).toEqual(["7", "7"]);
	});

	it("ends a digit 200 ms after its last packet when every end was lost", () => {
		press(3, 1000).slice(0, 3).forEach(receive);
		receiver.expire(200);
		expect(digits).toEqual([]);
		receiver.expire(201);
		expect(digits).toEqual([["3", 480]]);
		receiver.expire(999);
		expect(digits.length).toBe(1);
	});

	it("ends a digit when the next key is pressed", () => {
		press(3, 1000).slice(0, 2).forEach(receive);
		press(4, 3000).forEach(receive);
		expect(digits).toEqual([
			["3", 320],
			["4", 800],
		]);
	});

	it("takes a digit of which only an end arrived", () => {
		press(9, 1000).slice(-1).forEach(receive);
		expect(digits).toEqual([["9", 800]]);
	});

	it("does not wake a digit that is over", () => {
		press(1, 1000).forEach(receive);
		press(2, 3000).forEach(receive);
		press(1, 1000).forEach(receive);
		receiver.expire(10_000);
		expect(digits.map(([digit]) => digit)).toEqual(["1", "2"]);
	});

	it("adds up the segments of a key that is held for long", () => {
		const held = (timestamp: number, duration: number, ended = false) =>
			receive({ event: 8, timestamp, duration, ended });
		held(1000, 0xffff - 160);
		held(1000, 0xffff);
		held(1000 + 0xffff, 160);
		held(1000 + 0xffff, 4000, true);
		expect(digits).toEqual([["8", 0xffff + 4000]]);
	});

	it("leaves out flash, tones and what is too short", () => {
		press(16, 1000).forEach(receive);
		receiver.receive(Buffer.alloc(3), 0, 3, 5000, 0);
		receiver.expire(10_000);
		expect(digits).toEqual([]);
	});

	it("hears each key once, whatever is lost, repeated or swapped within it, as long as one packet arrives", () => {
		const keys = fc.array(fc.nat(11), { minLength: 1, maxLength: 6 });
		const indexes = fc.array(fc.nat(6), { minLength: 1, maxLength: 12 });
		const start = fc.nat(0xffff_ffff);
		fc.assert(
			fc.property(
				keys,
				fc.infiniteStream(indexes),
				start,
				(events, order, at) => {
					digits = [];
					nowMs = 0;
					receiver = new EventReceiver((digit) => digits.push([digit, 0]));
					events.forEach((event, i) => {
						const packets = press(event, at + i * 2000);
						for (const index of order.next().value ?? []) {
							const packet = packets[index];
							if (packet) receive(packet);
						}
					});
					receiver.expire(1000);
					const expected = events.map((event) => "0123456789*#"[event]);
					expect(digits.map(([digit]) => digit)).toEqual(expected);
				},
			),
		);
	});
});
