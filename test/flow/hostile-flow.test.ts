import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileFlow } from "../../flow/flow.js";
import { CONTEXT, ENTRY, problemsOf } from "../support/compile.js";

describe("checking a flow", () => {
	const word = fc.constantFrom(
		...[
			"id",
			"type",
			"flow",
			"next_step",
			"number",
			"url",
			"text",
			"__proto__",
		],
		...[
			"call",
			"play",
			"http",
			"keypad",
			"callback",
			"connect",
			"toString",
			"*",
		],
	);
	const value = fc.letrec((tie) => ({
		any: fc.oneof(
			{ maxDepth: 4 },
			word,
			fc.string(),
			fc.integer(),
			fc.double(),
			fc.boolean(),
			fc.constant(null),
			fc.array(tie("any"), { maxLength: 4 }),
			fc
				.array(fc.tuple(word, tie("any")), { maxLength: 6 })
				.map((entries) =>
					JSON.parse(
						`{${entries.map(([key, one]) => `${JSON.stringify(key)}:${JSON.stringify(one) ?? "null"}`).join(",")}}`,
					),
				),
		),
	})).any;

	it("never throws, whatever JSON it is", () => {
		fc.assert(
			fc.property(fc.oneof(value, fc.array(value), fc.jsonValue()), (input) => {
				expect(JSON.stringify(compileFlow(input, CONTEXT))).toContain("ok");
			}),
			{ numRuns: 500 },
		);
	});

	it("never throws, however deep it is nested", () => {
		const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
		const problems = problemsOf([
			ENTRY,
			deep,
			{
				id: 1,
				type: "http",
				url: "https://a.example/",
				body: deep,
				flow: deep,
				headers: { a: deep },
			},
			{ id: deep, type: deep },
		]);
		expect(problems.length).toBeGreaterThan(4);
		expect(JSON.stringify(problems).length).toBeLessThan(5_000);
	});

	it("keeps every problem short, however long what is wrong", () => {
		const long = "x".repeat(100_000);
		const problems = problemsOf([
			{ ...ENTRY, next_step: long, number: long },
			{ id: long, type: long },
		]);
		expect(JSON.stringify(problems).length).toBeLessThan(5_000);
	});

	it("guesses only for the first edges that lead nowhere, since each guess looks at every id", () => {
		const word = (seed: number) => `${seed}`.padStart(64, "ab");
		const flow = Object.fromEntries(
			Array.from({ length: 900 }, (_, key) => [key, word(-key - 1)]),
		);
		const problems = problemsOf([
			{ ...ENTRY, next_step: word(0) },
			...Array.from({ length: 20 }, (_, id) => ({
				id: word(id),
				type: "keypad",
				count: 3,
				flow,
			})),
			...Array.from({ length: 900 }, (_, id) => ({
				id: word(id + 20),
				type: "play",
				text: "Hi",
			})),
		]);
		expect(problems).toHaveLength(20 * 900);
		const guesses = new Set(
			problems
				.filter(({ hint }) => hint.includes("did you mean"))
				.map(({ value }) => value),
		);
		expect(guesses.size).toBe(20);
	});
});
