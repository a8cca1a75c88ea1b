import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	argument,
	digitsArgument,
	headerValue,
	sipUser,
} from "../../telephony/encode.js";

/** Text with a good share of what does harm. */
const hostile = fc.oneof(
	fc.string({ unit: "binary" }),
	fc
		.array(
			fc.constantFrom(
				"\u0024{system id}",
				"\r\n",
				"\n\n",
				"\r",
				"\0",
				"\u2028",
				"\u0085",
				"!",
				"|",
				"@@1",
				"'",
				'"',
				"\\",
				" ",
				"X-Injected: yes",
				"bgapi system id",
				"abc",
				"<sip:a@b>",
				";tag=1",
			),
		)
		.map((parts) => parts.join("")),
);

describe("the encoders", () => {
	it("let no event-socket argument hold more lines, words or expansions than its template", () => {
		fc.assert(
			fc.property(hostile, hostile, (first, second) => {
				let made: string;
				try {
					made = argument(first, "start", second);
				} catch {
					return;
				}
				expect(made.split(" ")).toHaveLength(3);
				expect(made).not.toMatch(/[\r\n\0${}!|\\"'@]/);
			}),
		);
	});

	it("pass the arguments that the service makes itself", () => {
		expect(argument("../data/sounds/ab12.wav")).toBe("../data/sounds/ab12.wav");
		expect(argument("tone_stream://%(2000,4000,440,480);loops=-1")).toContain(
			"tone_stream",
		);
		expect(() => argument("/a b.wav")).toThrow("stopped");
		expect(() => argument("")).toThrow("stopped");
	});

	it("keep a header value on one line", () => {
		fc.assert(
			fc.property(hostile, (text) => {
				expect(headerValue(text)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
			}),
		);
	});

	it("make a user part that needs no escape and opens no parameter", () => {
		fc.assert(
			fc.property(hostile, (text) => {
				expect(sipUser(text)).toMatch(/^[A-Za-z0-9+*%_.-]+$/);
			}),
		);
		expect(sipUser("+49 (30) 1234")).toBe("+49301234");
		expect(sipUser("*21#")).toBe("*21%23");
		expect(sipUser("<>")).toBe("anonymous");
	});
});

describe("digits to send", () => {
	it("are keys and pauses, and how long each is", () => {
		expect(digitsArgument("1w*#AD")).toBe("1w*#AD");
		expect(digitsArgument("12", 99.6)).toBe("12@100");
	});

	it("hold nothing else", () => {
		fc.assert(
			fc.property(hostile, (text) => {
				fc.pre(!/^[0-9A-DwW*#]{1,64}$/.test(text));
				expect(() => digitsArgument(text, 100)).toThrow("stopped");
			}),
		);
	});
});
