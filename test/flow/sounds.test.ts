import { describe, expect, it } from "vitest";
import { soundsOf } from "../../flow/sounds.js";
import { initialVariables, startVariables } from "../../flow/variables.js";
import { flowOf } from "../support/run-flow.js";

const FLOW = flowOf([
	{ id: 0, type: "call", number: "<<who>>", caller_id: "1", next_step: 1 },
	{ id: 1, type: "play", text: "Hello <<name>>.", next_step: 2 },
	{
		id: 2,
		type: "play",
		text: "Hello Ada.",
		url: "https://a.example/{{who}}.wav",
		next_step: 3,
	},
	{ id: 3, type: "keypad", count: 1, variable: "key", next_step: 4 },
	{
		id: 4,
		type: "play",
		text: "You pressed <<key>>.",
		url: "https://a.example/<<key>>.wav",
		next_step: 5,
	},
	{ id: 5, type: "play", text: "{{call.number}}" },
]);

describe("before a call", () => {
	it("its variables hold the initial ones and its own", () => {
		const initial = new Map([
			["who", "5263"],
			["call.id", "forged"],
		]);
		expect(startVariables(FLOW, "call-1", initial)).toEqual(
			new Map([
				["who", "5263"],
				["call.id", "call-1"],
				["call.number", "5263"],
				["call.caller_id", "1"],
			]),
		);
	});

	it("a step that nothing leads to is not made ready", () => {
		const flow = flowOf([
			{ id: 0, type: "call", number: "1234", caller_id: "1", next_step: 1 },
			{ id: 1, type: "play", text: "Heard." },
			{ id: 2, type: "play", text: "Never heard." },
		]);
		expect(soundsOf(flow, startVariables(flow, "id", new Map()))).toEqual([
			{ text: "Heard." },
		]);
	});

	it("every sound that holds no unset variable is known, once", () => {
		const initial = new Map([
			["who", "5263"],
			["name", "Ada"],
		]);
		expect(soundsOf(FLOW, startVariables(FLOW, "call-1", initial))).toEqual([
			{ text: "Hello Ada." },
			{ url: "https://a.example/5263.wav" },
			{ text: "5263" },
		]);
	});
});

describe("initial variables", () => {
	it("are strings, numbers and booleans by name", () => {
		expect(initialVariables.parse({ a: "x", "b.c": 1.5, d: true })).toEqual({
			a: "x",
			"b.c": "1.5",
			d: "true",
		});
	});

	it.each([
		{ "call.id": "x" },
		{ "a b": "x" },
		{ a: null },
		{ a: {} },
		{ a: "x".repeat(4_097) },
		Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`v${i}`, "x"])),
	])("are refused: %#", (variables) => {
		expect(initialVariables.safeParse(variables).success).toBe(false);
	});
});
