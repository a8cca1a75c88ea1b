import { setMaxListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { Pacer } from "../../core/pacer.js";
import { ManualClock } from "../support/manual-clock.js";

const never = new AbortController().signal;
setMaxListeners(0, never);

describe("a pacer", () => {
	it("lets exactly its rate through when everybody comes at once", async () => {
		const clock = new ManualClock();
		const pacer = new Pacer(clock, 10);
		let passed = 0;
		for (let each = 0; each < 100; each++)
			void pacer.take(never).then(() => passed++);
		await clock.advance(2_000);
		expect(passed).toBe(21); // the one at 0 ms, then every 100 ms
		await clock.advance(1_000);
		expect(passed).toBe(31);
	});

	it("makes up for 20 ms of a pause or of a delay, and for no more", async () => {
		const clock = new ManualClock();
		const pacer = new Pacer(clock, 100);
		let passed = 0;
		for (let each = 0; each < 500; each++)
			void pacer.take(never).then(() => passed++);
		await clock.advance(0);
		expect(passed).toBe(3); // at 0 ms, and those of 20 ms before
		await clock.advance(1_000);
		expect(passed).toBe(103);
		clock.stall(700);
		await clock.advance(0);
		expect(passed).toBe(106);
		await clock.advance(1_000);
		expect(passed).toBe(206);
	});

	it("goes on at another rate at once", async () => {
		const clock = new ManualClock();
		const pacer = new Pacer(clock, 0.01);
		let passed = 0;
		for (let each = 0; each < 100; each++)
			void pacer.take(never).then(() => passed++);
		await clock.advance(1_000);
		expect(passed).toBe(1);
		pacer.pace(10);
		await clock.advance(1_000);
		expect(passed).toBe(11);
		expect(clock.pending).toBe(1);
	});

	it("gives the turn of who gave up to the next", async () => {
		const clock = new ManualClock();
		const pacer = new Pacer(clock, 1);
		await pacer.take(never);
		const stop = new AbortController();
		const first = pacer.take(stop.signal);
		let passed = false;
		void pacer.take(never).then(() => {
			passed = true;
		});
		stop.abort("stopped");
		await expect(first).rejects.toBe("stopped");
		await clock.advance(1_000);
		expect(passed).toBe(true);
	});

	it("rejects with the signal's reason when it aborts first", async () => {
		const pacer = new Pacer(new ManualClock(), 1);
		await pacer.take(never);
		const stop = new AbortController();
		const waiting = pacer.take(stop.signal);
		stop.abort("stopped");
		await expect(waiting).rejects.toBe("stopped");
	});
});
