import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { destinationOf, refusal } from "../../core/destination.js";
import { limitsSchema } from "../../core/limits.js";

const costly = [
	["+88216123456", "a satellite phone"],
	["+8816123456789", "another one"],
	["+870773112233", "a ship"],
	["+883510012345", "a network of no country"],
	["+979123456789", "international premium rate"],
	["88216123456", "no + in front"],
	["0088216123456", "00 in front"],
	["01188216123456", "011 in front"],
	["001188216123456", "0011 in front"],
	["+449098790000", "British premium rate"],
	["+44909879000099", "digits too many behind it"],
	["+447012345678", "a personal number"],
	["+19005551234", "American premium rate"],
	["+1900555123", "a digit too few"],
	["19005551234", "that without +"],
	["+491805123456", "German shared cost"],
	["+0123456789", "no country at all"],
	["00088216123456", "a zero too many"],
] as const;

describe("a destination", () => {
	it.each([
		["+917507161643", "IN", "mobile"],
		["917507161643", "IN", "mobile"],
		["00917507161643", "IN", "mobile"],
		["+16468107000", "US", "fixed_line_or_mobile"],
		["+4930901820", "DE", "fixed_line"],
		["+448001111", "GB", "toll_free"],
		["+88216123456", null, "global"],
		["+99999999999", null, "unknown"],
		["100", null, "local"],
		["8821612", null, "local"],
		["02079460000", null, "local"],
	])("of %s is %s, %s", (number, country, kind) => {
		expect(destinationOf(number)).toEqual({ country, kind });
	});

	it.each(["sip:100@127.0.0.1", "sales-team", "", "1"])(
		"has none: %j",
		(text) => {
			expect(destinationOf(text)).toBeNull();
			expect(refusal(text, { block_prefixes: ["1", "s", "+"] })).toBeNull();
		},
	);

	it.each(costly)("is refused by itself: %s, %s", (number) => {
		expect(refusal(number, {})).toMatch(/; /);
		// leave for a whole country, or for all of them, is none for these
		for (const prefix of ["+", "+1", "+44", "+49", "+88"])
			expect(refusal(number, { allow_prefixes: [prefix] })).not.toBeNull();
	});

	it.each([
		["+88216123456", "+882"],
		["88216123456", "+882"],
		["0088216123456", "+88216"],
		["+449098790000", "+4490"],
		["+19005551234", "+1900"],
	])("is not refused any more once it is named: %s by %s", (number, prefix) => {
		expect(refusal(number, { allow_prefixes: [prefix] })).toBeNull();
	});

	it.each(["+917507161643", "917507161643", "+16468107000", "12345", "100"])(
		"may be rung by itself: %s",
		(number) => {
			expect(refusal(number, {})).toBeNull();
		},
	);

	it("is decided by the longest prefix, and refused where both are as long", () => {
		const limits = {
			allow_prefixes: ["+4930", "+49309"],
			block_prefixes: ["+", "+493", "+49309"],
		};
		expect(refusal("+4930111111", limits)).toBeNull();
		expect(refusal("+4930911111", limits)).toContain("+49309");
		expect(refusal("+4939111111", limits)).toContain("+493;");
		expect(refusal("+16468107000", limits)).toContain("block_prefixes");
		expect(refusal("100", limits)).toBeNull();
	});

	it("is one of those that are allowed, in a country of which some are", () => {
		const limits = { allow_prefixes: ["+4930"] };
		expect(refusal("+4930901820", limits)).toBeNull();
		expect(refusal("+4989901820", limits)).toContain("+49");
		expect(refusal("004989901820", limits)).not.toBeNull();
		expect(refusal("+16468107000", limits)).toBeNull();
		expect(refusal("100", limits)).toBeNull();
	});

	it("is blocked as it is dialled by a prefix without +", () => {
		const limits = { block_prefixes: ["0900", "10", "234"] };
		for (const number of ["0900123456", "100", "+2348012345678", "2341"])
			expect(refusal(number, limits)).not.toBeNull();
		expect(refusal("200", limits)).toBeNull();
	});

	it("is never refused for being written in another way", () => {
		fc.assert(
			fc.property(fc.stringMatching(/^[1-9][0-9]{7,12}$/), (digits) => {
				const wanted = refusal(`+${digits}`, {}) === null;
				expect(refusal(digits, {}) === null).toBe(wanted);
				// 0011 … is how Australia writes what others begin with 00 11
				if (!digits.startsWith("11"))
					expect(refusal(`00${digits}`, {}) === null).toBe(wanted);
			}),
		);
	});
});

describe("limits", () => {
	it.each([
		[{ live_calls: 1.5 }],
		[{ live_calls: -1 }],
		[{ calls_per_second: 0 }],
		[{ requests_per_second: Number.NaN }],
		[{ max_steps: 1_001 }],
		[{ max_body_bytes: 10 }],
		[{ allow_prefixes: ["49 30"] }],
		[{ allow_prefixes: ["+49\n"] }],
		[{ allow_prefixes: "49" }],
		[{ block_prefixes: [""] }],
		[{ block_prefixes: ["٤٩"] }],
		[{ constructor: 1 }],
		[{ maxSteps: 1 }],
	])("are not %j", (limits) => {
		expect(limitsSchema.safeParse(limits).success).toBe(false);
	});

	it("may all be left out", () => {
		expect(limitsSchema.parse({})).toEqual({});
	});
});
