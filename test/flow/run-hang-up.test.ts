import { describe, expect, it } from "vitest";
import { flowOf, flowOutside, path, walk } from "../support/run-flow.js";

const CALL = {
	id: 0,
	type: "call",
	number: "12",
	caller_id: "1",
	next_step: 1,
};

describe("the end of a leg", () => {
	it.each([
		["play", { text: "Hello." }, "hangup"],
		["keypad", { count: 4 }, "hangup"],
		["http", { url: "https://a.example/" }, "hangup"],
		["connect", { number: "5263" }, "hangup"],
	])(
		"by the callee in a %s step ends the walk",
		async (type, step, outcome) => {
			const { events, end } = await walk(
				flowOf([
					CALL,
					{ id: 1, type, ...step, next_step: 2 },
					{ id: 2, type: "play", text: "Never" },
				]),
				flowOutside({ hangsUpAfterMs: 50 }),
			);
			expect(path(events)).toEqual(["0 answered next_step→1", `1 ${outcome}`]);
			expect(end).toEqual({ reason: "callee_hung_up", stepId: "1" });
		},
	);

	it.each(["service", "engine"] as const)(
		"by the %s is told apart",
		async (by) => {
			const outside = flowOutside();
			const { end } = await walk(
				flowOf([CALL, { id: 1, type: "play", text: "Hello." }]),
				outside,
				({ type, data }) => {
					if (type === "step.started" && data.step_id === "1")
						outside.dialer.calls[0]?.end({ by });
				},
			);
			expect(end).toEqual({ reason: "cut_off", by, stepId: "1" });
		},
	);

	it("is not waited for once the service gives the call up", async () => {
		const outside = flowOutside();
		const { events, end } = await walk(
			flowOf([CALL, { id: 1, type: "keypad", count: 1, timeout: 300 }]),
			outside,
			({ type, data }) => {
				if (type === "step.started" && data.step_id === "1")
					outside.clock.after(10, () => outside.stop.abort("stopped"));
			},
		);
		expect(path(events).at(-1)).toBe("1 hangup");
		expect(outside.clock.monotonic()).toBe(1_010);
		expect(end).toEqual({ reason: "cut_off", by: "service", stepId: "1" });
	});

	it("while an appointment is made does not undo it, and ends the walk", async () => {
		const outside = flowOutside();
		const { events, end } = await walk(
			flowOf([
				CALL,
				{
					...{ id: 1, type: "callback", entity: 5263, next_step: 2 },
					...{ date: "2030-10-11", time: "10:00", timezone: "UTC" },
				},
				{ id: 2, type: "play", text: "Never" },
			]),
			{
				...outside,
				appointments: {
					async make() {
						outside.dialer.calls[0]?.end({ by: "callee" });
						return "appointment-1";
					},
				},
			},
		);
		expect(path(events).at(-1)).toBe("1 scheduled");
		expect(events.map(({ type }) => type)).toContain("callback.scheduled");
		expect(end).toEqual({ reason: "callee_hung_up", stepId: "1" });
	});

	it("between two steps starts no other step", async () => {
		const outside = flowOutside();
		const { events } = await walk(
			flowOf([
				CALL,
				{ id: 1, type: "play", text: "a", next_step: 2 },
				{ id: 2, type: "play", text: "b" },
			]),
			outside,
			({ type, data }) => {
				if (type === "step.finished" && data.step_id === "1")
					outside.dialer.calls[0]?.end({ by: "callee" });
			},
		);
		expect(path(events)).toEqual([
			"0 answered next_step→1",
			"1 played next_step→2",
		]);
	});

	it("lets the flow go on when only the other party hung up", async () => {
		const { events } = await walk(
			flowOf([
				CALL,
				{ id: 1, type: "connect", number: "5263", next_step: 2 },
				{
					id: 2,
					type: "play",
					text: "<<connect.outcome>> <<connect.duration_s>>",
				},
			]),
			flowOutside({ connects: [{ talksMs: 1_500, endedBy: "other" }] }),
		);
		expect(path(events).slice(1)).toEqual([
			"1 completed next_step→2",
			"2 played",
		]);
	});
});
