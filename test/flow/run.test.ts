import { describe, expect, it } from "vitest";
import { Fault } from "../../core/fault.js";
import type { Reason } from "../../core/outcome.js";
import { flowOf, flowOutside, path, walk } from "../support/run-flow.js";
import { sampleFlow } from "../support/sample-flow.js";

const CALL = {
	id: 0,
	type: "call",
	number: "12",
	caller_id: "1",
	next_step: 1,
};

describe("a walk", () => {
	it("takes the sample flow's way: 0, 1, 2, 5, 10, 4", async () => {
		const outside = flowOutside({ presses: [{ atMs: 200, digits: "1234" }] });
		const { events, end } = await walk(flowOf(sampleFlow), outside);
		expect(path(events)).toEqual([
			"0 answered next_step→1",
			"1 interrupted next_step→2",
			"2 pressed flow.*→5",
			"5 success flow.success→10",
			"10 skipped next_step→4",
			"4 completed",
		]);
		expect(end).toEqual({ reason: "completed", stepId: "4" });
		expect(outside.http.requests[0]?.url).toBe(
			"https://in01c005d.samespace.com/api/test/1234",
		);
		expect(events.map(({ type }) => type)).toEqual([
			...["step.started", "step.finished"],
			...["step.started", "step.finished"],
			...["step.started", "step.finished"],
			...["step.started", "step.finished"],
			...["step.started", "callback.skipped", "step.finished"],
			...["step.started", "call.bridged", "call.unbridged", "step.finished"],
		]);
		expect(outside.dialled).toEqual([
			{
				to: "917507161643",
				callerId: "917507161643",
				ringTimeoutMs: 30_000,
				maxDurationMs: 14_400_000,
				...{ anonymous: false, headers: {} },
			},
		]);
	});

	it("tells the types of steps by their proper names and how long each took", async () => {
		const outside = flowOutside({ presses: [{ atMs: 2_000, digits: "1" }] });
		const { events } = await walk(
			flowOf([CALL, { id: 1, type: "digits", count: 1 }]),
			outside,
		);
		expect(events.at(-1)).toEqual({
			type: "step.finished",
			data: {
				step_id: "1",
				step_type: "keypad",
				outcome: "pressed",
				edge: null,
				detail: null,
				duration_s: 2,
			},
		});
	});

	it("fills templates when a step starts and names what is not set", async () => {
		const outside = flowOutside({ presses: "7" });
		outside.variables.set("name", "<<call.id>>");
		const { events } = await walk(
			flowOf([
				{ ...CALL, number: "<<who>>", next_step: 1 },
				{ id: 1, type: "keypad", count: 1, variable: "key", next_step: 2 },
				{
					id: 2,
					type: "play",
					text: "<<call.number>>|{{call.caller_id}}|<< call.id >>|<<name>>|<<key>>|<<a>>|{{b}}|<<a>>",
				},
			]),
			{
				...outside,
				variables: new Map([
					["name", "<<call.id>>"],
					["who", "34"],
					["call.number", "forged"],
				]),
			},
		);
		expect(outside.sounds.asked).toEqual([
			{ text: "34|1|call-1|<<call.id>>|7|||" },
		]);
		const warnings = events.flatMap(({ type, data }) =>
			type === "step.started" ? [data.warnings] : [],
		);
		expect(warnings).toEqual([[], [], ["a", "b"]]);
	});

	it("tells that both are joined while they talk, not afterwards", async () => {
		const outside = flowOutside();
		const { clock } = outside;
		const times: string[] = [];
		await walk(
			flowOf([CALL, { id: 1, type: "connect", number: "5263" }]),
			outside,
			({ type }) => {
				times.push(`${clock.monotonic()} ${type}`);
			},
		);
		expect(times.slice(2)).toEqual([
			"1000 step.started",
			"2000 call.bridged",
			"62000 call.unbridged",
			"62000 step.finished",
		]);
	});

	it("stops after 1,000 steps", async () => {
		const { events, end } = await walk(
			flowOf([CALL, { id: 1, type: "play", text: "Round", next_step: 1 }]),
			flowOutside(),
		);
		expect(path(events)).toHaveLength(1_000);
		expect(end).toEqual({ reason: "step_limit", stepId: "1" });
	});

	it("keeps no value longer than 4,096 characters", async () => {
		const outside = flowOutside({
			http: { status: 200, body: JSON.stringify("€".repeat(5_000)) },
		});
		await walk(
			flowOf([
				CALL,
				{
					id: 1,
					type: "http",
					url: "https://a.example/",
					variables: { a: "$" },
					next_step: 2,
				},
				{ id: 2, type: "play", text: "<<a>>" },
			]),
			outside,
		);
		expect(outside.sounds.asked).toEqual([{ text: "€".repeat(4_096) }]);
	});
});

describe("a callee who is not reached", () => {
	it("ends the walk with what became of the attempt", async () => {
		const missed = {
			outcome: "busy" as const,
			reason: "busy" satisfies Reason,
			sipStatus: 486,
		};
		const { events, end } = await walk(
			flowOf([CALL, { id: 1, type: "play", text: "Hi" }]),
			flowOutside({ rings: { ...missed, reason: "busy" } }),
		);
		expect(path(events)).toEqual(["0 busy"]);
		expect(end).toEqual({ reason: "missed", stepId: "0", dial: missed });
	});
});

describe("what goes wrong inside", () => {
	it("is the step's failure if the work cannot be done", async () => {
		const outside = flowOutside();
		const { events, end } = await walk(
			flowOf([
				CALL,
				{ id: 1, type: "connect", number: "5263", next_step: 2 },
				{ id: 2, type: "play", text: "Sorry" },
			]),
			{
				...outside,
				async dial(request) {
					const result = await outside.dial(request);
					if (result.outcome === "answered")
						result.call.connect = async () => {
							throw new Fault("ENGINE_DOWN");
						};
					return result;
				},
			},
		);
		expect(path(events)).toEqual([
			"0 answered next_step→1",
			"1 failed next_step→2",
			"2 played",
		]);
		expect(end.reason).toBe("completed");
	});

	it("is not hidden if it is a bug, nor if nobody was rung yet", async () => {
		const flow = flowOf([CALL, { id: 1, type: "play", text: "Hi" }]);
		const bug = flowOutside();
		bug.sounds.prepare = async () => {
			throw new TypeError("a bug");
		};
		await expect(walk(flow, bug)).rejects.toThrow("a bug");
		const down = {
			...flowOutside(),
			dial: async () => {
				throw new Fault("ENGINE_DOWN");
			},
		};
		await expect(walk(flow, down)).rejects.toThrow(Fault);
	});

	it("leaves no rejection behind when nobody listens any more", async () => {
		const outside = flowOutside();
		outside.sounds.prepare = async () => {
			throw new TypeError("too late");
		};
		const flow = flowOf([CALL, { id: 1, type: "play", text: "Hi" }]);
		await expect(
			walk(flow, outside, ({ type, data }) => {
				if (type === "step.started" && data.step_id === "1")
					throw new Error("the store is gone");
			}),
		).rejects.toThrow("the store is gone");
		await new Promise((resolve) => setImmediate(resolve));
	});
});
