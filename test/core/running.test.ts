import { describe, expect, it } from "vitest";
import { afterRunning } from "../../core/running.js";
import { ManualClock } from "../support/manual-clock.js";

describe("a time limit of what must be heard", () => {
	function limit(ms: number) {
		const clock = new ManualClock();
		const ran: number[] = [];
		const cancel = afterRunning(clock, ms, () => ran.push(clock.monotonic()));
		return { clock, ran, cancel };
	}

	it("is over when it is, once", async () => {
		const { clock, ran } = limit(1_700);
		await clock.advance(10_000);
		expect(ran).toEqual([1_700]);
	});

	it("goes on after a stand-still of any length", async () => {
		const { clock, ran } = limit(10_000);
		await clock.advance(1_000);
		clock.stall(3_600_000);
		await clock.advance(8_400);
		expect(ran).toEqual([]);
		await clock.advance(200);
		expect(ran).toHaveLength(1);
	});

	it("is never over once it was canceled", async () => {
		const { clock, ran, cancel } = limit(1_000);
		await clock.advance(900);
		cancel();
		await clock.advance(10_000);
		expect(ran).toEqual([]);
		expect(clock.pending).toBe(0);
	});
});
