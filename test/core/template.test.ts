import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fill, namesIn, type Place } from "../../core/template.js";
import { anyValue } from "./any-value.js";

const filled = (
	template: string,
	values: Record<string, string>,
	place: Place = "text",
) => fill(template, new Map(Object.entries(values)), place).text;

describe("namesIn", () => {
	it.each([
		["Hello <<name>>.", ["name"]],
		["{{ a }}{{a}}<< b.c-d_1 >>", ["a", "b.c-d_1"]],
		["{{{a}}}", ["a"]],
		['{"a":{"b":{{c}}}}', ["c"]],
		["", []],
		["<a> << >> {{}} {{a b}} <<a>> }}".replace("<<a>>", ""), []],
		["<<ä>> {{a}>", []],
		["<<a}} {{a>>", []],
	])("finds in %j the variables %j", (template, names) => {
		expect(namesIn(template)).toEqual(names);
	});

	it("takes no longer for hostile templates", () => {
		const hostile = [
			"<<".repeat(50_000),
			"<< ".repeat(50_000),
			`{{${" ".repeat(100_000)}`,
			`<<${"a".repeat(100_000)}`,
		];
		for (const template of hostile) {
			const started = performance.now();
			expect(namesIn(template)).toEqual([]);
			expect(performance.now() - started).toBeLessThan(500);
		}
	});
});

describe("fill", () => {
	it("puts values in both kinds of brackets", () => {
		expect(filled("<<a>>-{{ b }}", { a: "1", b: "2" })).toBe("1-2");
	});

	it("leaves unset variables empty and names each once", () => {
		expect(fill("<<a>><<b>>{{b}}", new Map([["a", "1"]]), "text")).toEqual({
			text: "1",
			unset: ["b"],
		});
	});

	it("counts a variable that is set to nothing as set", () => {
		expect(fill("<<a>>", new Map([["a", ""]]), "text")).toEqual({
			text: "",
			unset: [],
		});
	});

	it.each<Place>(["text", "url", "header", "json"])(
		"never expands a value again (%s)",
		(place) => {
			const text = filled(
				"<<a>><<b>>",
				{ a: "<<", b: "c>>{{c}}", c: "boom" },
				place,
			);
			expect(text).not.toContain("boom");
		},
	);

	it("takes replacement patterns in a value for text", () => {
		expect(filled("[<<a>>]", { a: "$& $1 $$" })).toBe("[$& $1 $$]");
	});

	it("knows no inherited names", () => {
		expect(fill("<<toString>><<__proto__>>", new Map(), "text")).toEqual({
			text: "",
			unset: ["toString", "__proto__"],
		});
	});

	it.each<Place>(["text", "url", "header", "json"])(
		"leaves a text without variables as it is (%s)",
		(place) => {
			fc.assert(
				fc.property(fc.string(), (text) => {
					fc.pre(namesIn(text).length === 0);
					expect(filled(text, {}, place)).toBe(text);
				}),
			);
		},
	);
});

describe("fill in a header", () => {
	it("drops what would end the line", () => {
		expect(
			filled("Bearer <<t>>", { t: "a\r\nX-Evil: 1\0\x7f\x85" }, "header"),
		).toBe("Bearer aX-Evil: 1");
	});

	it("never writes a control character", () => {
		fc.assert(
			fc.property(anyValue, (value) => {
				expect(filled("a <<x>> b", { x: value }, "header")).not.toMatch(
					/\p{Cc}/u,
				);
			}),
		);
	});
});

describe("fill in a URL", () => {
	it("percent-encodes values", () => {
		expect(
			filled(
				"https://h.test/api/{{id}}?q=<<q>>",
				{ id: "a/b?c#d", q: "1&x=é y" },
				"url",
			),
		).toBe("https://h.test/api/a%2Fb%3Fc%23d?q=1%26x%3D%C3%A9%20y");
	});

	it.each([
		["https://h.test/a/<<x>>/b", ".."],
		["https://h.test/a/<<x>>/b", "."],
		["https://h.test/a/.<<x>>/b", "."],
		["https://h.test/a/%2e<<x>>/b", "."],
		["https://h.test/a/.<<x>>./b", ""],
		["https://h.test/a/<<x>>", ".."],
		["https://h.test/a/<<x>>?y", ".."],
		["https://h.test/a\\<<x>>\\b", ".."],
	])("does not climb the path in %j with %j", (template, x) => {
		const depth = (url: string) => new URL(url).pathname.split("/").length;
		expect(depth(filled(template, { x }, "url"))).toBe(
			depth(filled(template, { x: "word" }, "url")),
		);
	});

	it("leaves the template's own dots alone", () => {
		expect(filled("https://h.test/a/../<<x>>", { x: "v1.2" }, "url")).toBe(
			"https://h.test/a/../v1.2",
		);
	});

	it("lets no value change host, path structure or query", () => {
		const template =
			"https://h.test:8443/a/<<x>>/b<<y>>.<<x>>/<<y>>?p=<<x>>&q=<<y>>&r#<<x>>";
		fc.assert(
			fc.property(anyValue, anyValue, (x, y) => {
				const url = new URL(filled(template, { x, y }, "url"));
				expect(url.host).toBe("h.test:8443");
				expect(url.username + url.password).toBe("");
				expect(url.pathname.split("/")).toHaveLength(5);
				expect(url.pathname).toMatch(/^\/a\//);
				expect([...url.searchParams.keys()]).toEqual(["p", "q", "r"]);
				expect(url.searchParams.get("p")).toBe(Buffer.from(x).toString());
				expect(url.searchParams.get("q")).toBe(Buffer.from(y).toString());
			}),
			{ numRuns: 2000 },
		);
	});

	it("lets no value in the host's place reach past it", () => {
		fc.assert(
			fc.property(anyValue, (x) => {
				const text = filled("https://<<x>>.example.test/p?q", { x }, "url");
				// Either it is no URL at all, and then nothing is requested, or the host's end stays what the template says.
				if (!URL.canParse(text)) return;
				const url = new URL(text);
				expect(url.hostname).toMatch(/\.example\.test$/);
				expect(url.pathname + url.search).toBe("/p?q");
				expect(url.username + url.port).toBe("");
			}),
			{ numRuns: 2000 },
		);
	});

	it("makes no scheme of a value", () => {
		expect(filled("<<x>>", { x: "file:///etc/passwd" }, "url")).toBe(
			"file%3A%2F%2F%2Fetc%2Fpasswd",
		);
	});
});
