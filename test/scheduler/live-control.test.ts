import { describe, expect, it } from "vitest";
import type { Control } from "../../core/control.js";
import type { CallHappening } from "../../core/event.js";
import { compileFlow, flowHash } from "../../flow/flow.js";
import { LiveControl } from "../../scheduler/live-control.js";
import type { WalkedFlow } from "../../store/call-list.js";
import { fakeSounds } from "../support/outside.js";
import { flowOf } from "../support/run-flow.js";
import { scriptedCall } from "../support/scripted-call.js";

const flow = flowOf([
	{ id: 0, type: "call", number: "12", caller_id: "1", next_step: 1 },
	{ id: 1, type: "keypad", count: 1 },
]);
/** As a flow for who is on the line already goes from one instance to another. */
function thawable(steps: readonly unknown[]): readonly unknown[] {
	const compiled = compileFlow(steps, {
		...{ now: 0, entities: new Map(), hasTrunk: true, isUnderway: true },
	});
	if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
	return compiled.flow.source;
}
const mute: Control = { command: "mute", on: true };

function controlled(script: Parameters<typeof scriptedCall>[0] = {}) {
	const told: CallHappening[] = [];
	const kept: (WalkedFlow | undefined)[] = [];
	const leg = scriptedCall(script);
	const live = new LiveControl({
		sounds: fakeSounds(["https://example.com/gone.wav"]),
		record: async (happening, walked) => {
			told.push(happening);
			kept.push(walked);
		},
	});
	const answer = () => {
		live.steering.enter({ flow, stepId: "1" });
		live.open({ leg, recordsTo: "/recordings/1.wav" });
	};
	/** Nothing takes too long. */
	const never = new AbortController().signal;
	const control = {
		ask: (what: Control, expired = never) => live.ask(what, expired),
		close: () => live.close(),
		steering: live.steering,
	};
	return { control, leg, told, kept, answer };
}

describe("what is asked of a call", () => {
	it("is done in turn, kept, and answered with what is so", async () => {
		const { control, leg, told, answer } = controlled();
		answer();
		const asked = [
			control.ask(mute),
			control.ask({ command: "hold", on: true }),
			control.ask({ command: "record", action: "start" }),
			control.ask({
				...{ command: "digits", digits: "1w2", durationMs: 100 },
				to: "other",
			}),
			control.ask({ command: "mute", on: false }),
		];
		expect((await Promise.all(asked)).map(({ muted, held }) => [muted, held]))
			// each as it was right after it
			.toEqual([
				[true, false],
				...[
					[true, true],
					[true, true],
					[true, true],
				],
				[false, true],
			]);
		expect(leg.did).toEqual([
			...["mute", "hold", "record: start", "send 1w2 to other", "unmute"],
		]);
		expect(told.map(({ data }) => data)).toEqual(
			[
				["mute", "on"],
				["hold", "on"],
				["record", "start"],
				["digits", "2"],
				["mute", "off"],
			].map(([command, value]) => ({ command, value, step_id: "1" })),
		);
	});

	it("is refused before somebody has answered, and after", async () => {
		const { control, leg, told, answer } = controlled();
		const why = () =>
			control.ask(mute).then(
				() => "done",
				({ code, message }) => `${code}: ${message}`,
			);
		expect(await why()).toContain("CALL_NOT_LIVE: nobody has answered yet");
		answer();
		expect(await why()).toBe("done");
		leg.end({ by: "callee" });
		expect(await why()).toBe("CALL_NOT_LIVE: the call is ending");
		control.close();
		expect(await why()).toBe("CALL_NOT_LIVE: the call is ending");
		expect(told).toHaveLength(1);
	});

	it("is told of only while the flow goes on", async () => {
		const { control, leg, told, answer } = controlled();
		answer();
		leg.hold = async () => control.close();
		const held = control.ask({ command: "hold", on: true });
		await expect(held).rejects.toMatchObject({ code: "CALL_NOT_LIVE" });
		expect(told).toEqual([]);
	});

	it("tells of a sound that the engine cannot play", async () => {
		const playFails = "the media engine cannot open it";
		const { control, told, answer } = controlled({ playFails });
		answer();
		await control.ask({ command: "play", text: "Hello.", loop: 1 });
		await expect.poll(() => told.length).toBe(2);
		expect(told).toContainEqual({
			type: "sound.failed",
			data: { step_id: "1", detail: playFails, spoken_instead: false },
		});
	});

	it("goes on after what could not be done, which is not told", async () => {
		const { control, told, answer } = controlled();
		answer();
		const url = "https://example.com/gone.wav";
		await expect(
			control.ask({ command: "play", url, loop: 1 }),
		).rejects.toThrow();
		await expect(
			control.ask({ command: "redirect", step: "2" }),
		).rejects.toThrow("$.step");
		await control.ask(mute);
		expect(told.map(({ data }) => data)).toMatchObject([{ command: "mute" }]);
	});

	it("has a new flow kept beside the event, and no other thing", async () => {
		const { control, kept, answer } = controlled();
		answer();
		const { source } = flow;
		await control.ask({ command: "redirect", flow: source });
		await control.ask({ command: "redirect", step: "1" });
		await control.ask(mute);
		const walked = { flow: source, flowHash: flowHash(flow) };
		expect(kept).toEqual([walked, undefined, undefined]);
	});

	it("has its sound ended by a redirect", async () => {
		const { control, leg, answer } = controlled();
		answer();
		const signals: (AbortSignal | undefined)[] = [];
		const { play } = leg;
		leg.play = (sound, options) => {
			signals.push(options.signal);
			return play.call(leg, sound, options);
		};
		await control.ask({ command: "play", text: "One moment.", loop: 2 });
		expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
		await control.ask({ command: "redirect", step: "1" });
		expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
	});
	it("is not done any more once nobody waits for it", async () => {
		const { control, leg, told, answer } = controlled();
		answer();
		let held = () => {};
		leg.hold = () =>
			new Promise((resolve) => {
				held = resolve;
			});
		const first = control.ask({ command: "hold", on: true });
		const expired = new AbortController();
		const second = control.ask(
			{ command: "play", text: "One moment.", loop: 1 },
			expired.signal,
		);
		await Promise.resolve();
		expired.abort(new Error("too late"));
		held();
		await first;
		await expect(second).rejects.toThrow("too late");
		expect(leg.did).toEqual([]);
		expect(told.map(({ data }) => data)).toMatchObject([{ command: "hold" }]);
	});

	it("is refused where 20 commands wait, or 20 sounds", async () => {
		const { control, leg, answer } = controlled();
		answer();
		const ends: (() => void)[] = [];
		leg.play = () =>
			new Promise((resolve) => {
				ends.push(() => resolve({ outcome: "played" }));
			});
		const play: Control = { command: "play", text: "One moment.", loop: 1 };
		const asked = await Promise.allSettled(
			Array.from({ length: 21 }, () => control.ask(play)),
		);
		expect(asked.slice(0, 20).map(({ status }) => status)).not.toContain(
			"rejected",
		);
		expect(asked[20]).toMatchObject({
			reason: {
				code: "CONTROL_REFUSED",
				message: expect.stringContaining("20 commands"),
				problems: [{ path: "$.id", hint: expect.stringContaining("answered") }],
			},
		});
		await expect(control.ask(play)).rejects.toThrow("20 sounds wait");
		await control.ask(mute);
		ends[0]?.();
		await new Promise(setImmediate);
		await control.ask(play);
		expect(ends).toHaveLength(21);
	});

	it("holds the walk back while it holds the callee, unless that is refused", async () => {
		const { control, leg, answer } = controlled();
		answer();
		const seen: boolean[] = [];
		leg.hold = async () => {
			seen.push(control.steering.isHeld);
			if (seen.length === 1) throw new Error("not now");
		};
		const hold: Control = { command: "hold", on: true };
		await expect(control.ask(hold)).rejects.toThrow("not now");
		expect(control.steering.isHeld).toBe(false);
		await control.ask(hold);
		await control.ask({ command: "hold", on: false });
		expect(control.steering.isHeld).toBe(false);
		expect(seen).toEqual([true, true, true]);
	});

	it("tells the step that the walk is taken to", async () => {
		const { control, answer } = controlled();
		answer();
		const steps = [{ id: "b1", type: "keypad", count: 1, next_step: "b2" }];
		const other = [...steps, { id: "b2", type: "keypad", count: 1 }];
		const flow = JSON.parse(JSON.stringify(thawable(other)));
		const to = await control.ask({ command: "redirect", flow });
		expect(to.stepId).toBe("b1");
		expect((await control.ask(mute)).stepId).toBe("b1");
		const on = await control.ask({ command: "redirect", step: "b2" });
		expect(on.stepId).toBe("b2");
	});
});
