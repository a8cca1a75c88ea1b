import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fill, namesIn } from "../../core/template.js";
import { anyValue } from "./any-value.js";

const filled = (template: string, values: Record<string, string>) =>
	fill(template, new Map(Object.entries(values)), "json").text;

describe("fill in JSON", () => {
	it.each([
		['{"a":"<<x>>"}', 'say "hi"\n', '{"a":"say \\"hi\\"\\n"}'],
		['{"a":<<x>>}', "42", '{"a":42}'],
		['{"a":<<x>>}', "-1.5e3", '{"a":-1.5e3}'],
		['{"a":<<x>>}', "true", '{"a":true}'],
		['{"a":<<x>>}', "null", '{"a":null}'],
		['{"a":<<x>>}', "007", '{"a":"007"}'],
		['{"a":<<x>>}', "NaN", '{"a":"NaN"}'],
		['{"a":<<x>>}', "", '{"a":""}'],
		['{"a":<<x>>}', '1,"b":2', '{"a":"1,\\"b\\":2"}'],
		["{<<x>>:1}", "42", '{"42":1}'],
		['{"<<x>>" : <<x>>}', "a", '{"a" : "a"}'],
		['{"a":"C:\\\\<<x>>"}', '"', '{"a":"C:\\\\\\""}'],
		['{"a":"\\"<<x>>"}', "b", '{"a":"\\"b"}'],
	])("makes of %j with %j %j", (template, x, json) => {
		expect(filled(template, { x })).toBe(json);
		expect(() => JSON.parse(json)).not.toThrow();
	});

	it("does not let a lone backslash in front of a value free its quotes", () => {
		const json = filled('{"a":"\\<<x>>"}', { x: '","b":"1' });
		expect(Object.keys(JSON.parse(json))).toEqual(["a"]);
	});

	it("keeps valid JSON valid, with the same structure, whatever the values", () => {
		fc.assert(
			fc.property(jsonTemplate(), anyValue, anyValue, (template, x, y) => {
				const plain = JSON.parse(filled(template, { x: "x", y: "y" }));
				const wild = JSON.parse(filled(template, { x, y }));
				expect(shape(wild)).toEqual(shape(plain));
			}),
			{ numRuns: 2000 },
		);
	});

	it("gives back a value between quotes unchanged", () => {
		fc.assert(
			fc.property(anyValue, (x) => {
				const json = filled('{"a":["-{{x}}-"]}', { x });
				expect(JSON.parse(json)).toEqual({ a: [`-${x}-`] });
			}),
		);
	});
});

/** JSON with placeholders inside its strings and in place of its values. */
function jsonTemplate(): fc.Arbitrary<string> {
	const text = fc
		.array(
			fc.oneof(
				fc.constantFrom("<<x>>", "{{ y }}"),
				fc.string().filter((piece) => !/[<{]/.test(piece)),
			),
		)
		.map((pieces) =>
			pieces
				.map((piece) =>
					namesIn(piece).length > 0
						? piece
						: JSON.stringify(piece).slice(1, -1),
				)
				.join(""),
		)
		.map((inside) => `"${inside}"`);
	const { node } = fc.letrec<{ node: string }>((tie) => ({
		node: fc.oneof(
			{ maxDepth: 3, withCrossShrink: true },
			fc.oneof(text, fc.constantFrom("<<x>>", " {{y}} ", "1", "null", '"a"')),
			fc
				.array(tie("node"), { maxLength: 4 })
				.map((items) => `[${items.join(" , ")}]`),
			fc
				.array(tie("node"), { maxLength: 4 })
				// Keys of their own keep two equal values from folding two members into one.
				.map(
					(items) =>
						`{${items.map((item, i) => `"k${i}<<x>>" : ${item}`).join(",")}}`,
				),
		),
	}));
	return node;
}

/** Arrays and objects as they nest; every scalar alike. */
function shape(json: unknown): unknown {
	if (Array.isArray(json)) return json.map(shape);
	if (json !== null && typeof json === "object")
		return Object.values(json).map(shape);
	return "scalar";
}
