import { describe, expect, it } from "vitest";
import { DigitQueue } from "../../core/digits.js";
import { ManualClock } from "../support/manual-clock.js";

const request = { count: 4, timeoutMs: 5_000, interdigitTimeoutMs: 2_000 };
const never = new AbortController().signal;

function setUp() {
	const clock = new ManualClock();
	const queue = new DigitQueue(clock);
	const press = (digits: string) => {
		for (const digit of digits) queue.push(digit);
	};
	return { clock, queue, press };
}

describe("a digit queue", () => {
	it("takes what was typed ahead and leaves the surplus for the next time", async () => {
		const { queue, press } = setUp();
		press("123456");
		expect(await queue.collect(request, never)).toEqual({
			digits: "1234",
			by: "count",
		});
		expect(await queue.collect({ ...request, count: 2 }, never)).toEqual({
			digits: "56",
			by: "count",
		});
	});

	it("gives up after the first-digit time-out when nothing is pressed", async () => {
		const { clock, queue } = setUp();
		const collected = queue.collect(request, never);
		await clock.advance(4_999);
		queue.clear();
		await clock.advance(1);
		expect(await collected).toEqual({ digits: "", by: "timeout" });
	});

	it("waits the interdigit time-out after each digit and keeps the partial input", async () => {
		const { clock, queue, press } = setUp();
		const collected = queue.collect(request, never);
		await clock.advance(4_000);
		press("1");
		await clock.advance(1_900);
		press("2");
		await clock.advance(2_000);
		expect(await collected).toEqual({ digits: "12", by: "timeout" });
	});

	it("ends at the terminator, which is not part of the digits", async () => {
		const { queue, press } = setUp();
		press("12#3");
		expect(await queue.collect({ ...request, terminator: "#" }, never)).toEqual(
			{ digits: "12", by: "terminator" },
		);
		expect(await queue.collect({ ...request, count: 1 }, never)).toEqual({
			digits: "3",
			by: "count",
		});
	});

	it("ends with what it has when the leg is over", async () => {
		const { queue, press } = setUp();
		const over = new AbortController();
		const collected = queue.collect(request, over.signal);
		press("7");
		over.abort();
		expect(await collected).toEqual({ digits: "7", by: "over" });
	});

	it("tells of a press without taking it", async () => {
		const { queue, press } = setUp();
		const pressed = queue.pressed(never);
		press("5");
		await pressed;
		expect(await queue.collect({ ...request, count: 1 }, never)).toEqual({
			digits: "5",
			by: "count",
		});
	});
});
