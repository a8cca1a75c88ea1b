import { describe, expect, it } from "vitest";
import type { Control, ControlAnswer } from "../../core/control.js";
import type { Log } from "../../core/log.js";
import { CallControls } from "../../scheduler/call-controls.js";
import type { LiveControl } from "../../scheduler/live-control.js";
import type { Controls } from "../../store/control.js";
import { ManualClock } from "../support/manual-clock.js";

const mute: Control = { command: "mute", on: true };

/** An instance that has one call, in which this is done. */
function instance(ask: LiveControl["ask"]) {
	const clock = new ManualClock();
	const logged: unknown[] = [];
	let asked: Parameters<Controls["onAsked"]>[0] | undefined;
	let answer: Promise<ControlAnswer> | undefined;
	const controls: Controls = {
		// by way of the database
		ask: async () => JSON.parse(JSON.stringify((await answer) ?? null)),
		onAsked: (listener) => {
			asked = listener;
		},
	};
	const live = {
		has: (id: string) => id === "here",
		control: () => ({ ask }) as LiveControl, // all that is used of one
	};
	const log = {
		error: (fields: { err: unknown }) => logged.push(fields.err),
	} as unknown as Log; // all that is used of one
	return {
		...{ clock, logged },
		controls: new CallControls({ controls, live, clock, log }),
		/** As another instance asks it. */
		asked: (leftMs: number): Promise<ControlAnswer> | undefined =>
			asked?.("here", mute, leftMs),
		/** What another one answers that is asked by this one. */
		answers: (by: Promise<ControlAnswer> | undefined) => {
			answer = by;
		},
	};
}

describe("what is asked of calls", () => {
	it("is unanswered after five seconds, at the instance that has the call too", async () => {
		const signals: AbortSignal[] = [];
		const { clock, controls, asked } = instance((_control, expired) => {
			signals.push(expired);
			return new Promise(() => {});
		});
		const codes: string[] = [];
		const note = ({ code }: { code: string }) => codes.push(code);
		const here = controls.ask("here", mute).catch(note);
		const others = asked(2_000)?.then((told) => {
			if (told.outcome === "refused") note(told);
		});
		await clock.advance(0);
		await clock.advance(2_000);
		await others;
		expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
		await clock.advance(2_999);
		expect(codes).toEqual(["CONTROL_UNANSWERED"]);
		await clock.advance(1);
		await here;
		expect(codes).toEqual(["CONTROL_UNANSWERED", "CONTROL_UNANSWERED"]);
		expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
	});

	it("is to be asked again in five seconds, whichever of the two gives up first", async () => {
		const other = instance(() => new Promise(() => {}));
		const { controls, answers } = instance(() => new Promise(() => {}));
		const unanswered = { code: "CONTROL_UNANSWERED", retryAfterS: 5 };
		await expect(controls.ask("there", mute)).rejects.toMatchObject(unanswered);
		answers(other.asked(5_000));
		const asking = controls.ask("there", mute).catch((fault) => fault);
		await other.clock.advance(5_000);
		expect(await asking).toMatchObject(unanswered);
	});

	it("is told as INTERNAL, and logged, where it fails as nothing should", async () => {
		const bug = new TypeError("a bug");
		const { logged, asked } = instance(() => Promise.reject(bug));
		expect(await asked(5_000)).toMatchObject({ code: "INTERNAL" });
		expect(logged).toEqual([bug]);
	});
});
