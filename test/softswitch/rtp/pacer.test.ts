import { describe, expect, it } from "vitest";
import { Pacer } from "../../../softswitch/rtp/pacer.js";
import { ManualClock } from "../../support/manual-clock.js";

/** A clock whose timers fire so much later than asked. */
class LateClock extends ManualClock {
	lateMs = 0;

	override after(delayMs: number, run: () => void): () => void {
		return super.after(delayMs + this.lateMs, run);
	}
}

function start(clock: LateClock) {
	const runs: [phase: number, atMs: number][] = [];
	const skipped: number[] = [];
	const pacer = new Pacer(
		clock,
		(phase) => runs.push([phase, clock.monotonic()]),
		(frames) => skipped.push(frames),
	);
	pacer.start();
	return { pacer, runs, skipped };
}

describe("Pacer", () => {
	it("gives each of four phases its turn every 20 ms", async () => {
		const clock = new LateClock();
		const { pacer, runs } = start(clock);
		await clock.advance(40);
		expect(runs).toEqual([
			[0, 5],
			[1, 10],
			[2, 15],
			[3, 20],
			[0, 25],
			[1, 30],
			[2, 35],
			[3, 40],
		]);
		pacer.stop();
		await clock.advance(100);
		expect(runs.length).toBe(8);
		expect(clock.pending).toBe(0);
	});

	it("does not add up the lateness of timers", async () => {
		const clock = new LateClock();
		clock.lateMs = 1.7;
		const { runs } = start(clock);
		await clock.advance(10_000);
		expect(Math.abs(runs.length - 2000)).toBeLessThanOrEqual(1);
	});

	it("catches up with a short stall", async () => {
		const clock = new LateClock();
		const { runs, skipped } = start(clock);
		clock.lateMs = 60;
		await clock.advance(5);
		clock.lateMs = 0;
		await clock.advance(195);
		expect(runs.length).toBe(40);
		expect(skipped).toEqual([]);
	});

	it("leaves out what a long stall would make a burst of, and keeps the phases in turn", async () => {
		const clock = new LateClock();
		const { runs, skipped } = start(clock);
		clock.lateMs = 1000;
		await clock.advance(5);
		clock.lateMs = 0;
		await clock.advance(1195);
		const frames = skipped.reduce((sum, count) => sum + count, 0);
		expect(frames).toBe(50);
		expect(runs.length + frames * 4).toBe(240);
		expect(runs.map(([phase]) => phase)).toEqual(runs.map((_, i) => i % 4));
	});

	it("may be stopped and started again from within a turn", async () => {
		const clock = new LateClock();
		let turns = 0;
		const pacer = new Pacer(
			clock,
			() => {
				turns++;
				pacer.stop();
			},
			() => undefined,
		);
		pacer.start();
		await clock.advance(50);
		expect(turns).toBe(1);
		pacer.start();
		await clock.advance(50);
		expect(turns).toBe(2);
	});
});
