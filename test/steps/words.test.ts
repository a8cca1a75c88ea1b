import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closest, didYouMean } from "../../core/closest.js";
import { parsePath, readPath } from "../../steps/json-path.js";

describe("a misspelt word", () => {
	const words = ["next_step", "number", "caller_id", "timeout"];
	it.each([
		["nextstep", "next_step"],
		["next_setp", "next_step"],
		["numbr", "number"],
		["callerId", "caller_id"],
		["Timeout", "timeout"],
	])("%s was meant to be %s", (word, meant) => {
		expect(closest(word, words)).toBe(meant);
	});

	it("differs by at most three letters, and a third of them", () => {
		const letters = fc.string({
			unit: fc.constantFrom(..."abc"),
			maxLength: 12,
		});
		fc.assert(
			fc.property(letters, letters, (word, other) => {
				const most = Math.min(3, Math.floor(word.length / 3));
				const meant = edits(word, other) <= most ? other : undefined;
				expect(closest(word, [other])).toBe(meant);
			}),
			{ numRuns: 2_000 },
		);
	});

	it.each(["", "x", "record", "a".repeat(100_000)])(
		"that resembles nothing gets no guess",
		(word) => {
			expect(didYouMean(word, words)).toBe("");
		},
	);
});

describe("a path into JSON", () => {
	it("reads what JSON holds there", () => {
		const value = JSON.parse('{"a": {"b-c": [1, [2, "x"]]}, "__proto__": 7}');
		const read = (path: string) => readPath(value, parsePath(path) ?? ["?"]);
		expect(read("$")).toBe(value);
		expect(read("$.a.b-c[1][1]")).toBe("x");
		expect(read("$.__proto__")).toBe(7);
		expect(read("$.a.b-c.0")).toBeUndefined();
		expect(read("$.a[0]")).toBeUndefined();
		expect(read("$.a.toString")).toBeUndefined();
	});

	it.each(["", "a", "$.", "$..a", "$[a]", "$[-1]", "$.a[", "$ .a", "$['a']"])(
		"is not %j",
		(path) => {
			expect(parsePath(path)).toBeNull();
		},
	);

	it("never reaches anything that JSON did not write", () => {
		fc.assert(
			fc.property(fc.json(), fc.string(), (json, text) => {
				const path = parsePath(text) ?? parsePath(`$.${text}`);
				const found = readPath(JSON.parse(json), path ?? ["constructor"]);
				expect(typeof found).not.toBe("function");
			}),
		);
	});
});

/** The same by brute force: every way to align two words, swaps included. */
function edits(from: string, to: string): number {
	const table: number[][] = [];
	const cell = (row: number, column: number) =>
		table[row]?.[column] ?? Number.POSITIVE_INFINITY;
	for (let row = 0; row <= from.length; row++) {
		table[row] = [];
		for (let column = 0; column <= to.length; column++) {
			const ways = [
				cell(row - 1, column) + 1,
				cell(row, column - 1) + 1,
				cell(row - 1, column - 1) + Number(from[row - 1] !== to[column - 1]),
			];
			if (from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
				ways.push(cell(row - 2, column - 2) + 1);
			const fewest = row + column === 0 ? 0 : Math.min(...ways);
			table[row]?.push(fewest);
		}
	}
	return cell(from.length, to.length);
}
