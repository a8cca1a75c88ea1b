import { describe, expect, it } from "vitest";
import { compile, ENTRY } from "../support/compile.js";

describe("a flow that is odd", () => {
	it.each([
		[
			{
				type: "callback",
				date: "2030-01-01",
				time: "10:00",
				timezone: "UTC",
				entity: "nobody",
			},
			/voice id/,
		],
		[
			{
				type: "callback",
				date: "2030-03-31",
				time: "01:30",
				timezone: "Europe/London",
				entity: "5263",
			},
			/put forward/,
		],
		[
			{
				type: "callback",
				date: "2030-10-27",
				time: "01:30",
				timezone: "Europe/London",
				entity: "5263",
			},
			/twice/,
		],
		[{ type: "play", url: "{{call.number}}" }, /percent-encoded/],
		[
			{ type: "http", url: "https://me:pass@example.com/{{call.id}}" },
			/Authorization header/,
		],
		[
			{ type: "keypad", count: 2, flow: { 123: 1, "*": 1 }, timeout: 1 },
			/never be the input/,
		],
		[
			{ type: "keypad", count: 2, terminator: "#", flow: { "1#": 1, "*": 1 } },
			/never be the input/,
		],
	])("is accepted with a warning: %o", (step, hint) => {
		const { warnings } = compile([ENTRY, { id: 1, ...step }]);
		expect(warnings).toHaveLength(1);
		expect(warnings[0]?.hint).toMatch(hint);
	});

	it("is not odd because of a loop, a template or an entity", () => {
		const flow = [
			{ ...ENTRY, number: "support" },
			{ id: 1, type: "play", text: "Hi <<name>>", next_step: 2 },
			{
				id: 2,
				type: "http",
				url: "https://{{host}}/",
				flow: { fail: 1 },
				next_step: 3,
			},
			{
				id: 3,
				type: "callback",
				date: "{{d}}",
				time: "10:00",
				timezone: "UTC",
				entity: "{{e}}",
				next_step: 4,
			},
			{ id: 4, type: "connect", number: "<<who>>", next_step: 5 },
			{ id: 5, type: "keypad", count: 1, flow: { "*": 1 } },
		];
		const variables = ["name", "host", "d", "e", "who"];
		expect(compile(flow, { variables }).warnings).toEqual([]);
	});
});
