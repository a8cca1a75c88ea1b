import { describe, expect, it } from "vitest";
import { flowHash, thawFlow } from "../../flow/flow.js";
import { compile, ENTRY, problemsOf } from "../support/compile.js";
import { sampleFlow } from "../support/sample-flow.js";

/** The problems of a flow whose second step is this. */
function problemsOfStep(step: Record<string, unknown>): string[] {
	return problemsOf([ENTRY, { id: 1, ...step }]).map(
		({ path, hint }) => `${path}: ${hint}`,
	);
}

describe("the sample payload's flow", () => {
	it("is accepted, with a warning for the step nothing leads to and the callback in the past", () => {
		const { flow, warnings } = compile(sampleFlow);
		expect(warnings).toEqual([
			{
				path: "$.flow[5].id",
				value: 3,
				hint: "no step leads here, so it never runs",
			},
			{
				path: "$.flow[3].date",
				value: "2018-10-11",
				hint: "this time is past, so no appointment will be made",
			},
		]);
		expect(flow.entry).toBe("0");
		expect([...flow.steps.keys()]).toEqual([
			"0",
			"1",
			"2",
			"10",
			"5",
			"3",
			"4",
		]);
		expect(flow.steps.get("2")?.definition.type).toBe("keypad");
		expect(flow.steps.get("5")?.edges).toEqual(
			new Map([
				["flow.success", "10"],
				["flow.fail", "4"],
			]),
		);
	});

	it("warns of each number where there is no trunk", () => {
		const { warnings } = compile(sampleFlow, { hasTrunk: false });
		const paths = warnings
			.filter(({ hint }) => hint.includes("SIP_TRUNK"))
			.map(({ path }) => path);
		// 5263 is a user with a sip: address.
		expect(paths).toEqual(["$.flow[0].number", "$.flow[5].number"]);
	});

	it("is the same flow after it was kept, in any order of keys", () => {
		const { flow } = compile(sampleFlow);
		const kept = JSON.parse(JSON.stringify(flow.source)).map((step: object) =>
			Object.fromEntries(Object.entries(step).reverse()),
		);
		expect(thawFlow(kept)).toEqual(flow);
		expect(flowHash(thawFlow(kept))).toBe(flowHash(flow));
		expect(compile(flow.source).flow).toEqual(flow);
	});

	it("has one hash, in whatever order its headers were kept", () => {
		const hashWith = (headers: Record<string, string>) =>
			flowHash(
				compile([
					ENTRY,
					{ id: 1, type: "http", url: "https://a.example/", headers },
				]).flow,
			);
		expect(hashWith({ A: "1", B: "2" })).toBe(hashWith({ B: "2", A: "1" }));
		expect(hashWith({ A: "1", B: "2" })).not.toBe(hashWith({ A: "2", B: "1" }));
	});

	it("has another hash after any change", () => {
		const changed = sampleFlow.map((step) =>
			step.id === 1 ? { ...step, text: "Hi." } : step,
		);
		expect(flowHash(compile(changed).flow)).not.toBe(
			flowHash(compile(sampleFlow).flow),
		);
	});
});

describe("a flow that cannot run", () => {
	it("is told everything that is wrong with it at once", () => {
		const problems = problemsOf([
			{ id: 0, type: "call", number: "12", caller_id: "1", next_step: "menu" },
			{ id: "menuu", type: "play", url: "file:///etc/passwd", next_step: 0 },
			{
				id: "0",
				type: "callback",
				date: "2026-02-30",
				time: "24:00",
				timezone: "PST",
				entity: 1,
			},
			{ id: 2, type: "conect", number: "12" },
			{ id: 3, type: "call", number: "12", caller_id: "1" },
			{ id: 4, type: "play", nextStep: 5 },
			{ id: 5, type: "keypad", count: 33, flow: { "*": 99, apples: 1 } },
			{
				type: "http",
				url: "https://x.example/",
				flow: { succes: 1, failed: 1 },
			},
			null,
		]);
		const paths = problems.map(({ path }) => path);
		expect(paths).toEqual([
			"$.flow[0].next_step",
			"$.flow[1].url",
			"$.flow[1].next_step",
			"$.flow[2].date",
			"$.flow[2].time",
			"$.flow[2].timezone",
			"$.flow[2].id",
			"$.flow[3].type",
			"$.flow[4].type",
			"$.flow[5].nextStep",
			"$.flow[5].text",
			"$.flow[6].count",
			"$.flow[6].flow.apples",
			'$.flow[6].flow["*"]',
			"$.flow[6].flow.apples",
			"$.flow[7].id",
			"$.flow[7].flow.succes",
			"$.flow[7].flow.failed",
			"$.flow[7].flow.succes",
			"$.flow[7].flow.failed",
			"$.flow[8]",
		]);
	});

	it("is told where an edge probably should have led", () => {
		expect(
			problemsOf([
				{ ...ENTRY, next_step: "gret" },
				{ id: "greet", type: "play", text: "Hi" },
			]),
		).toEqual([
			{
				path: "$.flow[0].next_step",
				value: "gret",
				hint: 'no step has this id; did you mean "greet"?',
			},
		]);
	});

	it.each([
		[{ type: "play", text: "Hi", loop: 101 }, /loop: .*100/],
		[{ type: "play", text: "x".repeat(4_001) }, /text: .*4000/],
		[{ type: "play", url: "ftp://example.com/a.wav" }, /url: /],
		[{ type: "play", url: "data:{{x}}" }, /url: .*only http: and https:/],
		[{ type: "play", url: "not a url" }, /url: /],
		[
			{ type: "http", url: "https://a.test", method: "GETT" },
			/method: no such method; wanted: GET \(if left out\), POST, PUT/,
		],
		[{ type: "keypad" }, /count: this field is required; wanted: How many/],
		[{ type: "keypad", count: 0 }, /count: /],
		[{ type: "keypad", count: "4" }, /count: .*number/],
		[{ type: "keypad", count: 4, variable: "call.id" }, /variable: /],
		[
			{ type: "keypad", count: 4, terminator: "##" },
			/terminator: write one key/,
		],
		[
			{ type: "http", url: "https://a.example/", headers: { "X\r\nY": "1" } },
			/headers\["X\\r\\nY"\]: /,
		],
		[
			{ type: "http", url: "https://a.example/", headers: { Host: "b" } },
			/headers\.Host: the service/,
		],
		[{ type: "http", url: "https://a.example/", method: "TRACE" }, /method: /],
		[
			{ type: "http", url: "https://a.example/", variables: { a: "b" } },
			/variables\.a: write a path/,
		],
		[
			{ type: "http", url: "https://a.example/", body: "x".repeat(65_537) },
			/body: /,
		],
		[{ type: "connect", number: "nobody" }, /number: write a number/],
		[{ type: "connect", number: "1" }, /number: write a number/],
		[{ type: "connect", number: "sip:a@b c" }, /number: write a number/],
		[
			{ type: "connect", number: "12", caller_id: "1\r\nVia: x" },
			/caller_id: .*one line/,
		],
		[{ type: "connect", number: "12", timeout: -1 }, /timeout: /],
	])("is told what to do about %o", (step, expected) => {
		const problems = problemsOfStep(step);
		expect(problems).toHaveLength(1);
		expect(problems[0]).toMatch(expected);
	});

	it.each([undefined, null, {}, "flow", 7, []])("is not %j", (input) => {
		expect(problemsOf(input)).toMatchObject([{ path: "$.flow" }]);
	});

	it("has a call first, once, and no way back to it", () => {
		expect(problemsOf([{ id: 1, type: "play", text: "Hi" }])).toMatchObject([
			{ path: "$.flow[0].type", value: "play" },
		]);
		expect(
			problemsOf([ENTRY, { id: 1, type: "play", text: "Hi", next_step: "0" }]),
		).toMatchObject([{ path: "$.flow[1].next_step", value: "0" }]);
	});

	it("has no more than 1,000 steps", () => {
		const steps = Array.from({ length: 1_000 }, (_, id) => ({
			id: id + 1,
			type: "play",
			text: "Hi",
		}));
		expect(problemsOf([ENTRY, ...steps])).toMatchObject([{ value: 1_001 }]);
		expect(
			problemsOf(
				[ENTRY, ...steps.slice(1), { id: 1, type: "play", text: "Hi" }].slice(
					0,
					1_000,
				),
			),
		).toMatchObject([{ path: "$.flow[0].next_step" }]);
	});

	it("never gets a header, a body or an unknown field back", () => {
		const secret = "s3cr3t-\u0007";
		const problems = problemsOf([
			ENTRY,
			{
				id: 1,
				type: "http",
				url: "https://a.example/",
				headers: { Authorization: secret, "X Y": secret },
				body: 7,
				authorization: secret,
			},
			{ id: 2, type: "http", url: "https://a.example/", headers: secret },
		]);
		expect(problems.map(({ path }) => path)).toEqual([
			"$.flow[1].headers.Authorization",
			'$.flow[1].headers["X Y"]',
			"$.flow[1].body",
			"$.flow[1].authorization",
			"$.flow[2].headers",
		]);
		expect(JSON.stringify(problems)).not.toContain("s3cr3t");
	});

	it("names nothing __proto__", () => {
		const problems = problemsOf(
			JSON.parse(`[
				{"id": 0, "type": "call", "number": "12", "caller_id": "1", "__proto__": 1},
				{"id": 1, "type": "keypad", "count": 1, "flow": {"__proto__": 2}},
				{"id": 2, "type": "http", "url": "https://a.example/", "headers": {"__proto__": "x"}, "variables": {"__proto__": "$"}, "flow": {"__proto__": 1}}
			]`),
		);
		expect(problems.map(({ path }) => path)).toEqual([
			"$.flow[0].__proto__",
			"$.flow[1].flow.__proto__",
			"$.flow[2].headers.__proto__",
			"$.flow[2].variables.__proto__",
			"$.flow[2].flow.__proto__",
		]);
	});
});
