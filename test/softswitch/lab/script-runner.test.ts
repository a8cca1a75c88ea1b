import { describe, expect, it } from "vitest";
import type { Action, Moment } from "../../../softswitch/lab/script.js";
import { ScriptRunner } from "../../../softswitch/lab/script-runner.js";
import { ManualClock } from "../../support/manual-clock.js";

function run(...moments: Moment[]) {
	const clock = new ManualClock();
	const performed: [number, number][] = [];
	const actions = moments.map((at): Action => ({ at, type: "hang-up" }));
	const runner = new ScriptRunner(clock, actions, (action) =>
		performed.push([actions.indexOf(action), clock.monotonic()]),
	);
	return { clock, performed, runner };
}

describe("ScriptRunner", () => {
	it("performs actions at their time after the answer", async () => {
		const { clock, performed, runner } = run(
			{ after: "answer", ms: 500 },
			{ after: "answer", ms: 200 },
		);
		await clock.advance(1000);
		runner.happened("answer");
		await clock.advance(1000);
		expect(performed).toEqual([
			[1, 1200],
			[0, 1500],
		]);
	});

	it("counts sounds and silences from the answer on, each action waiting for its own", async () => {
		const { clock, performed, runner } = run(
			{ after: "sound", ms: 100 },
			{ after: "silence", nth: 2, ms: 0 },
		);
		runner.happened("sound");
		runner.happened("silence");
		runner.happened("answer");
		await clock.advance(1000);
		expect(performed).toEqual([]);
		runner.happened("sound");
		await clock.advance(100);
		runner.happened("silence");
		runner.happened("sound");
		await clock.advance(100);
		runner.happened("silence");
		await clock.advance(0);
		expect(performed).toEqual([
			[0, 1100],
			[1, 1200],
		]);
	});

	it("performs nothing more once it is stopped", async () => {
		const { clock, performed, runner } = run({ after: "answer", ms: 500 });
		runner.happened("answer");
		runner.stop();
		await clock.advance(1000);
		expect(performed).toEqual([]);
		expect(clock.pending).toBe(0);
	});
});
