import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { q850Of } from "../../telephony/q850.js";

const causeIn = (reason: string | undefined) =>
	q850Of({ get: (name) => (name === "Reason" ? reason : undefined) }).q850Cause;

describe("the Q.850 cause of a Reason header", () => {
	it.each([
		["Q.850;cause=17", 17],
		['Q.850 ;cause=16 ;text="Terminated"', 16],
		['q.850; text="a;cause=3, Q.850;cause=4"; CAUSE = 021', 21],
		['SIP;cause=200;text="x", Q.850;cause=31', 31],
		['SIP;text="a \\" Q.850;cause=1, ", Q.850;cause=127', 127],
		["Q.850;cause=0, Q.850;cause=19", 19],
	])("is read: %s", (reason, cause) => {
		expect(causeIn(reason)).toBe(cause);
	});

	it.each([
		...[
			undefined,
			"",
			"SIP;cause=486",
			"Q.850",
			"Q.850;cause=",
			"Q.850;cause=x",
		],
		...[
			"Q.850;cause=128",
			"Q.850;cause=-17",
			"Q.850;cause=17.5",
			"Q.850;cause=1717",
		],
		...["XQ.850;cause=17", "Q.850;xcause=17", 'SIP;text="Q.850;cause=17'],
		...[
			'Q.850;cause="17"',
			"Q.850;cause=17 18",
			`Q.850;cause=17;x=${"y".repeat(1_000)}`,
		],
	])("is none: %s", (reason) => {
		expect(causeIn(reason)).toBeUndefined();
	});

	it("is none of a message that there is not", () => {
		expect(q850Of(undefined)).toEqual({});
	});

	it("is a number of 7 bits or none, whatever is sent", () => {
		const part = fc.constantFrom(
			...[
				"Q.850",
				";",
				",",
				"cause=",
				"17",
				"999",
				'"',
				"\\",
				" ",
				"text=",
				"\0",
			],
		);
		fc.assert(
			fc.property(fc.array(part, { maxLength: 200 }), (parts) => {
				const cause = causeIn(parts.join(""));
				if (cause === undefined) return;
				expect(cause).toBeGreaterThanOrEqual(1);
				expect(cause).toBeLessThanOrEqual(127);
			}),
		);
	});

	it("is read in no time, however odd the header", () => {
		const startedAt = performance.now();
		for (const odd of ['"\\', '"', "\\", "Q.850;", " ", ",", "cause=0"])
			causeIn(`Q.850;${odd.repeat(200_000)}`);
		expect(performance.now() - startedAt).toBeLessThan(1_000);
	});
});
