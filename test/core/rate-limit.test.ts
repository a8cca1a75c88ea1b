import { describe, expect, it } from "vitest";
import { RateLimit } from "../../core/rate-limit.js";
import { ManualClock } from "../support/manual-clock.js";

const rate = { perSecond: 2, burst: 3 };

describe("a rate limit", () => {
	it("gives a burst at once and then so many per second", async () => {
		const clock = new ManualClock();
		const limit = new RateLimit(clock);
		const take = () => limit.take("a", rate);
		expect([take(), take(), take()]).toEqual([0, 0, 0]);
		expect([take(), take()]).toEqual([500, 500]);
		await clock.advance(499);
		expect(take()).toBe(1);
		await clock.advance(1);
		expect(take()).toBe(0);
		expect(take()).toBe(500);
		await clock.advance(60_000);
		expect([take(), take(), take(), take()]).toEqual([0, 0, 0, 500]);
	});

	it("counts each key by itself", () => {
		const limit = new RateLimit(new ManualClock());
		for (const key of ["a", "b", "__proto__"])
			for (let taken = 0; taken < 3; taken++)
				expect(limit.take(key, rate)).toBe(0);
		expect(limit.waitMs("b", rate)).toBe(500);
		expect(limit.waitMs("c", rate)).toBe(0);
	});

	it("remembers a limited number of keys, those that took last", () => {
		const limit = new RateLimit(new ManualClock(), 2);
		for (const key of ["a", "b", "b", "b", "c"]) limit.take(key, rate);
		expect(limit.waitMs("b", rate)).toBe(500);
		for (const key of ["d", "e"]) limit.take(key, rate);
		expect(limit.waitMs("b", rate)).toBe(0);
	});
});
