import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isNumber, maskNumber } from "../../core/phone.js";

describe("isNumber", () => {
	it.each(["917507161643", "+16468107000", "5263", "12"])(
		"takes %j",
		(text) => {
			expect(isNumber(text)).toBe(true);
		},
	);

	it.each([
		"",
		"1",
		"+1",
		"1234567890123456",
		"12-34",
		"12 34",
		"sip:1@2",
		"12\n",
		"++12",
		"١٢٣",
	])("does not take %j", (text) => {
		expect(isNumber(text)).toBe(false);
	});
});

describe("maskNumber", () => {
	it.each([
		["917507161643", "********1643"],
		["+16468107000", "********7000"],
		["5263", "**63"],
		["12", "*2"],
		["1", "*"],
		["", ""],
		["sip:alice.cooper@pbx.example.com", "sip:********oper@pbx.example.com"],
		["sip:bob@127.0.0.1:5060", "sip:*ob@127.0.0.1:5060"],
		["sales-team", "******team"],
	])("writes %j as %j", (text, masked) => {
		expect(maskNumber(text)).toBe(masked);
	});

	it("never shows more than four digits of a number", () => {
		fc.assert(
			fc.property(fc.stringMatching(/^\+?[0-9]{2,15}$/), (number) => {
				const masked = maskNumber(number);
				expect(masked).toHaveLength(number.length);
				expect(masked.replaceAll("*", "").length).toBeLessThanOrEqual(4);
				expect(masked).toContain("*");
			}),
		);
	});
});
