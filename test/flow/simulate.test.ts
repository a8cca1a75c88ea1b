import { describe, expect, it } from "vitest";
import { type ScriptEntry, scriptSchema } from "../../flow/script.js";
import { type Simulation, simulate } from "../../flow/simulate.js";
import {
	flowOf,
	flowOutside,
	NOW,
	path as pathOf,
	walk,
} from "../support/run-flow.js";
import { sampleFlow } from "../support/sample-flow.js";

const CALL = {
	id: 0,
	type: "call",
	number: "12",
	caller_id: "1",
	next_step: 1,
};
const MENU = [
	CALL,
	{ id: 1, type: "play", text: "Press a key, <<name>>.", next_step: 2 },
	{
		...{ id: 2, type: "keypad", count: 1, variable: "key", timeout: 3 },
		flow: { 1: 3, 2: 4, "*": 1, timeout: 1 },
	},
	{
		...{ id: 3, type: "http", url: "https://example.com/<<key>>" },
		variables: { word: "$.word" },
		flow: { success: 5, fail: 5 },
	},
	{ id: 4, type: "connect", number: "5263", next_step: 5 },
	{ id: 5, type: "play", text: "<<word>><<connect.outcome>>" },
];

function simulated(
	flow: readonly unknown[],
	script: unknown[],
	variables: Record<string, string> = {},
): Simulation {
	return simulate(flowOf(flow), {
		variables: new Map(Object.entries(variables)),
		now: NOW,
		entities: ["5263"],
		script: scriptSchema.parse(script),
	});
}

const path = ({ steps }: Simulation) =>
	steps.map(
		({ step_id, outcome, edge }) =>
			`${step_id} ${outcome}${edge ? ` ${edge.name}→${edge.to}` : ""}`,
	);

describe("a simulation", () => {
	it("tells each step: what is said, sent and set, and which edge is taken", () => {
		const json = { word: "fine" };
		const { steps, end, variables, script_left } = simulated(
			MENU,
			[{ timeout: true }, { digits: "1" }, { http: { status: 200, json } }],
			{ name: "Ada" },
		);
		expect(steps.map(({ step_id, says }) => [step_id, says])).toEqual([
			["0", null],
			["1", "Press a key, Ada."],
			["2", null],
			["1", "Press a key, Ada."],
			["2", null],
			["3", null],
			["5", "fine"],
		]);
		expect(steps[2]).toMatchObject({
			outcome: "timeout",
			edge: { name: "flow.timeout", to: "1" },
			variables: { key: "" },
		});
		expect(steps[5]).toEqual({
			step_id: "3",
			step_type: "http",
			outcome: "success",
			edge: { name: "flow.success", to: "5" },
			says: null,
			fields: {
				url: "https://example.com/1",
				method: "GET",
				timeout: 10,
				variables: { word: "$.word" },
			},
			variables: { word: "fine", "http.status": "200" },
			unset: [],
			detail: null,
		});
		expect(steps[6]?.unset).toEqual(["connect.outcome"]);
		expect(end).toEqual({
			...{ reason: "completed", step_id: "5", wants: null, hint: null },
		});
		expect(variables).toMatchObject({
			...{ name: "Ada", key: "1", word: "fine", "call.number": "12" },
		});
		expect(script_left).toEqual([]);
	});

	it("waits where the script has nothing, and goes on where it has more", () => {
		expect(simulated(MENU, []).end).toEqual({
			...{ reason: "waits", step_id: "2", wants: "digits", hint: null },
		});
		expect(simulated(MENU, [{ digits: "1" }]).end).toMatchObject({
			...{ reason: "waits", step_id: "3", wants: "http" },
		});
		const connect = simulated(MENU, [{ digits: "2" }]);
		expect(connect.end).toMatchObject({ step_id: "4", wants: "connect" });
		const { end, steps } = simulated(MENU, [
			{ digits: "2" },
			{ connect: "busy" },
		]);
		expect(end.reason).toBe("completed");
		expect(steps.at(-1)?.says).toBe("busy");
	});

	it("says which entry does not fit, and which nobody took", () => {
		const { end, script_left } = simulated(MENU, [
			{ connect: "completed" },
			{ http: null },
		]);
		expect(end).toMatchObject({
			reason: "waits",
			hint: "$.script[0] is connect, but this step takes digits, timeout or hangup",
		});
		expect(script_left).toEqual([0, 1]);
	});

	it("hangs up where the callee is waited for, or at the step that is named", () => {
		const waiting = simulated(MENU, [{ hangup: true }]);
		expect(path(waiting).at(-1)).toBe("2 hangup");
		expect(waiting.end).toMatchObject({ reason: "callee_hung_up" });
		const named = simulated(MENU, [{ digits: "1" }, { hangup: "3" }]);
		expect(path(named).at(-1)).toBe("3 hangup");
		const early = simulated(MENU, [{ hangup: 1 }]);
		expect(path(early).at(-1)).toBe("1 hangup");
	});

	it("ends where nobody answers", () => {
		const { end, steps } = simulated(MENU, [{ call: "no_answer" }]);
		expect(end).toMatchObject({ reason: "missed", step_id: "0" });
		expect(steps).toHaveLength(1);
	});

	it("has an end, however the flow goes round", () => {
		const loop = [CALL, { id: 1, type: "play", text: "on", next_step: 1 }];
		const { end, steps } = simulated(loop, []);
		expect(end).toMatchObject({ reason: "step_limit", step_id: "1" });
		expect(steps).toHaveLength(1_000);
		// a thousand steps, and then none: as a call has it
		const chain = Array.from({ length: 999 }, (_, n) => ({
			...{ id: n + 1, type: "play", text: "on" },
			...(n < 998 && { next_step: n + 2 }),
		}));
		expect(simulated([CALL, ...chain], []).end.reason).toBe("completed");
		const text = "a".repeat(4_000);
		const long = [CALL, { id: 1, type: "play", text, next_step: 1 }];
		const most = simulated(long, []);
		expect(most.end.reason).toBe("too_long");
		expect(JSON.stringify(most).length).toBeLessThan(2_100_000);
	});

	it("does not grow without bound, whatever the templates hold", () => {
		const body = JSON.stringify({ x: "<<a>>".repeat(13_000) });
		const url = "https://example.com/";
		const flow = [CALL, { id: 1, type: "http", method: "POST", url, body }];
		const script = [{ http: { status: 200 } }];
		const bomb = simulated(flow, script, { a: "\u0001".repeat(4_096) });
		expect(JSON.stringify(bomb).length).toBeLessThan(2_100_000);
		expect(bomb.steps[1]?.unset).toEqual(["a"]);
	});

	it("sends and rings as a call would: not to what is no address", () => {
		const url = "https://example.com:<<port>>/";
		const asks = [CALL, { id: 1, type: "http", url }];
		const http = { status: 200 };
		const refused = simulated(asks, [{ http }], { port: "x" });
		expect(refused.steps[1]).toMatchObject({
			...{ outcome: "fail", detail: expect.stringContaining("the URL") },
		});
		const connects = [CALL, { id: 1, type: "connect", number: "<<who>>" }];
		const script = [{ connect: "completed" }];
		const outcomeOf = (who: string) =>
			simulated(connects, script, { who }).steps[1]?.outcome;
		expect(outcomeOf("not a number!")).toBe("wrong_number");
		expect(outcomeOf("5264")).toBe("completed");
		const calls = [{ ...CALL, number: "<<who>>" }, ...asks.slice(1)];
		const missed = simulated(calls, [], { who: "nobody" });
		expect(missed.end.reason).toBe("missed");
		expect(missed.steps[0]?.outcome).toBe("wrong_number");
	});

	it("plays as a call would: the text, or nothing, in place of what is no address", () => {
		const play = { id: 1, type: "play", url: "http://<<host>>/x.wav" };
		const played = (more: object, host: string) =>
			simulated([CALL, { ...play, ...more }], [], { host }).steps[1];
		expect(played({}, "a b")).toMatchObject({ outcome: "failed", says: null });
		const instead = { outcome: "played", says: "Hello." };
		expect(played({ text: "Hello." }, "a b")).toMatchObject(instead);
		expect(played({ text: "Hello." }, "example.com")).toMatchObject({
			...{ outcome: "played", says: "http://example.com/x.wav" },
		});
	});

	it("ends where the callee hangs up at a step that does not mind", () => {
		const callback = {
			...{ id: 1, type: "callback", entity: "5263", timezone: "UTC" },
			...{ date: "2030-10-11", time: "12:00:00", next_step: 2 },
		};
		const flow = [CALL, callback, { id: 2, type: "play", text: "Good bye." }];
		const { end, steps } = simulated(flow, [{ hangup: "1" }]);
		expect(end).toMatchObject({ reason: "callee_hung_up", step_id: "1" });
		expect(steps.map(({ edge }) => edge?.to ?? null)).toEqual(["1", null]);
	});

	it("is the same again, in milliseconds", () => {
		const script = [{ digits: "1" }, { http: { status: 500 } }];
		const first = simulated(MENU, script);
		const startedAt = performance.now();
		for (let time = 0; time < 100; time++)
			expect(simulated(MENU, script)).toEqual(first);
		// a hundred of them
		expect(performance.now() - startedAt).toBeLessThan(1_000);
	});
});

const PIN = [
	CALL,
	{ id: 1, type: "keypad", count: 2, next_step: 2 },
	{
		id: 2,
		type: "keypad",
		count: 4,
		sensitive: true,
		variable: "pin",
		next_step: 3,
	},
	{ id: 3, type: "keypad", count: 1, timeout: 1, flow: { timeout: 4 } },
	{ id: 4, type: "play", text: "Goodbye." },
];

describe("a simulation and a call", () => {
	// what the callee does live, and the same as a script
	it.each<
		[
			string,
			readonly unknown[],
			Parameters<typeof flowOutside>[0],
			ScriptEntry[],
		]
	>([
		[
			"the sample flow",
			sampleFlow,
			{ presses: [{ atMs: 2_500, digits: "1234" }] },
			[{ digits: "1234" }, { http: { status: 200 } }, { connect: "completed" }],
		],
		[
			"a time-out, then a key",
			MENU,
			{ presses: [{ atMs: 5_500, digits: "1" }], http: { status: 404 } },
			[{ timeout: true }, { digits: "1" }, { http: { status: 404 } }],
		],
		[
			"keys pressed ahead",
			[
				CALL,
				{ id: 1, type: "keypad", count: 2, next_step: 2 },
				{ id: 2, type: "keypad", count: 3, terminator: "#", next_step: 3 },
				{ id: 3, type: "play", text: "Now.", next_step: 4 },
				{ id: 4, type: "keypad", count: 1, flow: { 7: 5 } },
				{ id: 5, type: "play", text: "Done." },
			],
			{ presses: "123#7" },
			[{ digits: "123#7" }],
		],
		[
			"keys ahead of a sensitive step, which are nobody's",
			PIN,
			{
				presses: [
					{ atMs: 500, digits: "129" },
					{ atMs: 3_000, digits: "47119" },
				],
			},
			[{ digits: "129" }, { digits: "47119" }, { timeout: true }],
		],
		[
			"a callee who hangs up",
			MENU,
			{ hangsUpAfterMs: 2_500 },
			[{ hangup: true }],
		],
		[
			"nobody answers",
			MENU,
			{ rings: { outcome: "busy", reason: "busy", sipStatus: 486 } },
			[{ call: "busy" }],
		],
		[
			"a refused connect",
			MENU,
			{
				presses: [{ atMs: 3_000, digits: "2" }],
				connects: [{ outcome: "declined", reason: "rejected" }],
			},
			[{ digits: "2" }, { connect: "declined" }],
		],
	])("take the same way: %s", async (_what, flow, live, script) => {
		const { events, end } = await walk(flowOf(flow), flowOutside(live));
		const tested = simulated(flow, script);
		const said = path(tested).map((step) =>
			step.replace("1 interrupted", "1 played"),
		);
		expect(said).toEqual(
			pathOf(events).map((step) => step.replace("flow.<digits>", "flow.*")),
		);
		expect(tested.end.reason).toBe(end.reason);
		expect(tested.end.step_id).toBe(end.stepId);
	});
});
