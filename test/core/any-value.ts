import fc from "fast-check";

/** Any text, with those characters in plenty that mean something to a URL, a header or JSON. */
export const anyValue: fc.Arbitrary<string> = fc.oneof(
	fc.string({ unit: "binary" }),
	fc.string({
		unit: fc.constantFrom(
			..."./\\?#&=%@:;+\"'{}[]<>,\r\n\t\0 \u2028a1é。／℀\ud800\u0085".split(""),
			"<<x>>",
			"{{y}}",
			"..",
			"%2e",
			"\\u0022",
		),
		maxLength: 12,
	}),
	fc.constantFrom(
		"",
		".",
		"..",
		"/../",
		"//evil.test/",
		"@evil.test",
		"1",
		"true",
	),
);
