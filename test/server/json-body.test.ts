import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../core/fault.js";
import { describeJsonError } from "../../core/json-error.js";
import { parseJson } from "../../server/json-body.js";

const parse = (text: string | Buffer) => parseJson(Buffer.from(text));

function fault(text: string | Buffer): Fault {
	try {
		parse(text);
	} catch (error) {
		if (error instanceof Fault) return error;
		throw error;
	}
	throw new Error("it was taken");
}

describe("a JSON body", () => {
	it("is read as it is written", () => {
		const text = ' {"a": [1, -2.5e3, true, null, "\\u00e9 “x” \\n"]} ';
		expect(parse(text)).toEqual({ a: [1, -2500, true, null, "é “x” \n"] });
		expect(parse('\ufeff{"a":1}')).toEqual({ a: 1 });
		expect(parse('{"a":1,"a":2}')).toEqual({ a: 2 });
	});

	it.each([
		['{\n\t"a": 1,\n\t“record”: true\n}', "line 3, column 2", /typographic/],
		['{"publish": {url: "x"}}', "line 1, column 14", /name in double quotes/],
		['{"url":”https://x”}', "line 1, column 8", /straight/],
		['{"a": true, # off\n"b": 1}', "line 1, column 13", /no comments/],
		['{"a": 1 // one\n}', "line 1, column 9", /no comments/],
		['{"id": <<some id>>}', "line 1, column 8", /placeholder/],
		["{'a': 1}", "line 1, column 2", /double quotes/],
		['{"a": 1,}', "line 1, column 9", /comma too many/],
		["[1, 2", "line 1, column 6", /too early/],
		['{"a": [1, 2}}', "line 1, column 12", /the other kind/],
		['{"a" 1}', "line 1, column 6", /colon/],
		['{"a": 1 "b": 2}', "line 1, column 9", /comma is wanted/],
		['{"a": "x\ny"}', "line 1, column 9", /line break/],
		['{"a": "\\x"}', "line 1, column 8", /escape/],
		['{"a": "x', "line 1, column 9", /too early/],
		['{"a": NaN}', "line 1, column 7", /a value is wanted/],
		['{"a": 01}', "line 1, column 7", /a value is wanted/],
		["{} {}", "line 1, column 4", /nothing may follow/],
		["cloud_id=dev", "line 1, column 1", /a value is wanted/],
		["😀", "line 1, column 1", /a value is wanted/],
		[" ", "line 1, column 2", /too early/],
	])("that is not JSON is refused with the place: %j", (text, place, hint) => {
		const { code, message, problems } = fault(text);
		expect(code).toBe("BAD_REQUEST");
		expect(message).toContain(`The body is not JSON: ${place}: `);
		expect(problems).toMatchObject([{ path: "$" }]);
		expect(problems[0]?.hint).toMatch(hint);
	});

	it("has its mistake found where it is, whatever was typed over", () => {
		const mistake = fc.tuple(
			fc.json(),
			fc.nat(),
			fc.constantFrom("@", "“", "\0", "}", ""),
		);
		fc.assert(
			fc.property(mistake, ([json, at, character]) => {
				const place = at % (json.length + 1);
				const text = json.slice(0, place) + character + json.slice(place + 1);
				let ok = true;
				try {
					JSON.parse(text);
				} catch {
					ok = false;
				}
				fc.pre(!ok);
				const { found, hint } = describeJsonError(text);
				expect(hint).not.toBe("");
				// nothing behind the mistake matters, everything in front of it is right so far
				expect(found === "" || text.includes(found)).toBe(true);
			}),
			{ numRuns: 300 },
		);
	});

	it("is refused where it is not UTF-8", () => {
		for (const bytes of [
			Buffer.from([0x22, 0xff, 0x22]),
			Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), // a surrogate
			Buffer.from([0x22, 0xc0, 0xaf, 0x22]), // overlong
			Buffer.from("{}", "utf16le").subarray(0, 3),
		])
			expect(fault(bytes).code).toBe("BAD_REQUEST");
	});

	it("is refused where it is nested too deeply, however deep", () => {
		const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
		expect(() => parse(nested(64))).not.toThrow();
		expect(fault(nested(65)).message).toContain("at most 64");
		expect(fault(nested(490_000)).message).toContain("at most 64");
		const objects = '{"a":'.repeat(150_000);
		expect(fault(objects + 1 + "}".repeat(150_000)).code).toBe("BAD_REQUEST");
		expect(fault(objects).message).toContain("too early");
	});

	it("is refused where it names __proto__, with the path", () => {
		const { problems } = fault('{"a": [{"b c": {"__proto__": {"x": 1}}}]}');
		expect(problems).toMatchObject([{ path: '$.a[0]["b c"].__proto__' }]);
		expect(parse('{"constructor": {"prototype": 1}}')).toEqual({
			constructor: { prototype: 1 },
		});
	});

	it("is refused where a number is no number any more", () => {
		expect(fault('{"a": [1e999]}').problems).toMatchObject([
			{ path: "$.a[0]" },
		]);
		expect(fault(`[-${"9".repeat(400)}]`).problems).toMatchObject([
			{ path: "$[0]" },
		]);
	});
});
