import { describe, expect, it } from "vitest";
import { Fault } from "../../core/fault.js";
import type { Flow } from "../../flow/flow.js";
import { compileFlow, thawFlow } from "../../flow/flow.js";
import { entryOf, Steering } from "../../flow/steering.js";
import { flowOf, flowOutside, NOW, path, walk } from "../support/run-flow.js";

const CALL = { id: 0, type: "call", number: "12", caller_id: "1" };
const gate = (id: number, more: object = {}) => ({
	...{ id, type: "keypad", count: 4, timeout: 60, ...more },
});

/** Walks it; `when` is called as each step starts. */
async function steered(
	flow: Flow,
	when: (stepId: string, steering: Steering) => void,
	script: Parameters<typeof flowOutside>[0] = {},
) {
	const steering = new Steering();
	const outside = { ...flowOutside(script), steering };
	const walked = await walk(flow, outside, ({ type, data }) => {
		if (type === "step.started") when(data.step_id, steering);
	});
	return { ...walked, outside };
}

/** A flow for who is on the line already. */
function underway(steps: readonly unknown[]): Flow {
	const compiled = compileFlow(steps, {
		...{ now: NOW, entities: new Map(), hasTrunk: true, isUnderway: true },
	});
	if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
	return thawFlow(compiled.flow.source, true);
}

describe("a walk that is taken elsewhere", () => {
	it("leaves the step that runs, and forgets what was pressed", async () => {
		const flow = flowOf([
			{ ...CALL, next_step: 1 },
			gate(1, { next_step: 2 }),
			gate(2),
			gate(3, { count: 1, timeout: 1, variable: "key" }),
		]);
		const { events, end } = await steered(
			flow,
			(id, steering) => id === "1" && steering.toStep("3"),
		);
		expect(path(events)).toEqual([
			"0 answered next_step→1",
			"1 redirected",
			"3 timeout",
		]);
		expect(end).toEqual({ reason: "completed", stepId: "3" });
	});

	it("goes on with another flow, in which ids mean other steps", async () => {
		const flow = flowOf([{ ...CALL, next_step: 1 }, gate(1)]);
		const other = underway([
			gate(1, { timeout: 1, flow: { timeout: 2 } }),
			{ id: 2, type: "play", text: "Bye." },
		]);
		const { events } = await steered(flow, (_id, steering) => {
			if (steering.stepId === "1" && !left) left = steering.toFlow(other);
		});
		expect(path(events).slice(1)).toEqual([
			"1 redirected",
			"1 timeout flow.timeout→2",
			"2 played",
		]);
	});
	let left = "";

	it("has nothing of the sensitive digits that the flow before took, unless they stay sensitive", async () => {
		const pin = { sensitive: true, variable: "pin", next_step: 2 };
		const flow = flowOf([{ ...CALL, next_step: 1 }, gate(1, pin), gate(2)]);
		const spoken = async (steps: readonly unknown[]) => {
			let gone = false;
			const { events } = await steered(
				flow,
				(id, steering) => {
					if (id !== "2" || gone) return;
					gone = true;
					steering.toFlow(underway(steps));
				},
				{ presses: [{ atMs: 1_000, digits: "4711" }] },
			);
			return events.flatMap((event) =>
				event.type === "step.started" ? event.data.warnings : [],
			);
		};
		expect(
			await spoken([{ id: 7, type: "play", text: "You said <<pin>>." }]),
		).toEqual(["pin"]);
		const kept = [
			{
				...{ id: 7, type: "http", url: "https://example.com" },
				...{ method: "POST", body: "<<pin>>" },
			},
			gate(8, { sensitive: true, variable: "pin" }),
		];
		expect(await spoken(kept)).toEqual([]);
	});

	it("goes on from where it was taken to, where it is taken further before that begins", async () => {
		const flow = flowOf([
			{ ...CALL, next_step: 1 },
			gate(1, { next_step: 2 }),
			gate(2),
		]);
		const other = underway([gate(7, { next_step: 8 }), gate(8)]);
		const steering = new Steering();
		steering.enter({ flow, stepId: "1" });
		steering.hold(true);
		expect(steering.toFlow(other)).toBe("7");
		expect([steering.stepId, steering.goesTo]).toEqual(["1", "7"]);
		expect(() => steering.toStep("2")).toThrow("no step has this id");
		expect(steering.toStep("8")).toBe("8");
		steering.hold(false);
		const to = await steering.left(new AbortController().signal);
		expect(to).toEqual({ flow: other, stepId: "8" });
		expect(steering.stepId).toBe("8");
	});

	it("says nothing of how a connect would have ended", async () => {
		const talk = { id: 1, type: "connect", number: "911", next_step: 2 };
		const flow = flowOf([
			{ ...CALL, next_step: 1 },
			talk,
			gate(2),
			gate(3, { timeout: 1 }),
		]);
		const missed = { outcome: "canceled", reason: "completed" } as const;
		const { events } = await steered(
			flow,
			(id, steering) => id === "1" && steering.toStep("3"),
			{ connects: [missed] },
		);
		const finished = events.flatMap(({ type, data }) =>
			type === "step.finished" ? [[data.outcome, data.detail]] : [],
		);
		expect(finished[1]).toEqual(["redirected", null]);
	});

	it("does not do a step that was left before it did anything", async () => {
		const pin = { sensitive: true, variable: "pin", count: 1, next_step: 2 };
		const flow = flowOf([
			{ ...CALL, next_step: 1 },
			gate(1, pin),
			{
				...{ id: 2, type: "callback", entity: "5263", timezone: "UTC" },
				...{ date: "2031-01-01", time: "10:00", next_step: 3 },
			},
			gate(3, { timeout: 1 }),
		]);
		const { events, outside } = await steered(
			flow,
			(id, steering) => id === "2" && steering.toStep("3"),
			{ presses: "4" },
		);
		expect(path(events).slice(2)).toEqual(["2 redirected", "3 timeout"]);
		expect(outside.appointments.made).toEqual([]);
	});

	it("leaves sensitive digits only once the rest of them cannot come any more", async () => {
		const pin = { sensitive: true, variable: "pin", interdigit_timeout: 3 };
		const flow = flowOf([
			{ ...CALL, next_step: 1 },
			gate(1, pin),
			gate(2, { count: 1, timeout: 2, variable: "key" }),
		]);
		const steering = new Steering();
		const presses = [500, 2_500, 4_500].map((atMs) => ({ atMs, digits: "7" }));
		const outside = { ...flowOutside({ presses }), steering };
		// the rest of a PIN, each key more than half a second after the one before
		const { events } = await walk(flow, outside, ({ type, data }) => {
			if (type === "step.started" && data.step_id === "1")
				outside.clock.after(1_000, () => steering.toStep("2"));
		});
		expect(path(events).slice(1)).toEqual(["1 redirected", "2 timeout"]);
	});

	it("gives the rest of sensitive digits to no other sensitive step either, and waits for it once", async () => {
		const taking = (id: number, fields: object) =>
			gate(id, { sensitive: true, timeout: 9, ...fields });
		const flow = flowOf([
			{ ...CALL, next_step: 1 },
			taking(1, { variable: "pin", interdigit_timeout: 3 }),
			taking(2, { variable: "code", count: 1, next_step: 3 }),
			gate(3, { count: 1, timeout: 1 }),
		]);
		const steering = new Steering();
		const presses = [500, 2_500, 4_500, 11_000].map((atMs) => ({
			...{ atMs, digits: atMs === 11_000 ? "4" : "7" },
		}));
		const outside = { ...flowOutside({ presses }), steering };
		const { events } = await walk(flow, outside, ({ type, data }) => {
			if (type === "step.started" && data.step_id === "1")
				outside.clock.after(1_000, () => steering.toStep("2"));
		});
		expect(path(events).slice(1)).toEqual([
			...["1 redirected", "2 pressed next_step→3", "3 timeout"],
		]);
		const durations = events.flatMap(({ type, data }) =>
			type === "step.finished" ? [data.duration_s] : [],
		);
		// the last key of the first one came at 4.5 s, the one that is meant at 11 s
		expect(durations[2]).toBeCloseTo(10, 1);
		expect(durations[3]).toBeCloseTo(1.5, 1);
	});

	it("does nothing while it is held back, though its step has begun", async () => {
		const talk = { id: 1, type: "connect", number: "911" };
		const flow = flowOf([{ ...CALL, next_step: 1 }, talk]);
		const steering = new Steering();
		const outside = { ...flowOutside(), steering };
		const did: string[][] = [];
		const look = () => did.push([...(outside.dialer.calls[0]?.did ?? [])]);
		await walk(flow, outside, ({ type, data }) => {
			if (type !== "step.started" || data.step_id !== "1") return;
			steering.hold(true);
			outside.clock.after(5_000, () => {
				look();
				steering.hold(false);
			});
		});
		look();
		expect(did).toEqual([[], [expect.stringContaining("connect 911")]]);
	});

	it("is refused where there is no such step, or a call", () => {
		const steering = new Steering();
		const flow = flowOf([{ ...CALL, next_step: 10 }, gate(10)]);
		expect(() => steering.toStep("10")).toThrow(
			expect.objectContaining({ code: "CALL_NOT_LIVE" }),
		);
		steering.enter({ flow, stepId: "10" });
		const hintOf = (step: string) => {
			try {
				return steering.toStep(step);
			} catch (thrown) {
				return thrown instanceof Fault && thrown.problems[0]?.hint;
			}
		};
		expect(hintOf("10")).toBe("10");
		expect(hintOf("100")).toBe('no step has this id; did you mean "10"?');
		expect(hintOf("0")).toMatch(/on the line/);
	});
});

describe("a flow for who is on the line already", () => {
	it("begins with any step, or after its call step", () => {
		expect(entryOf(underway([gate(5)]))).toBe("5");
		expect(entryOf(underway([{ ...CALL, next_step: 5 }, gate(5)]))).toBe("5");
		expect(entryOf(underway([CALL]))).toBeUndefined();
	});

	it("may come back to its first step, unless that is a call", () => {
		const again = { flow: { timeout: 5 } };
		expect(entryOf(underway([gate(5, again)]))).toBe("5");
		expect(() =>
			underway([{ ...CALL, next_step: 1 }, gate(1, { next_step: 0 })]),
		).toThrow("come back");
		expect(() => underway([gate(5), CALL])).toThrow("only the first step");
	});
});
