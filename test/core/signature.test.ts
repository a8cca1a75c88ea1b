import { describe, expect, it } from "vitest";
import { isGranted, signatureOf } from "../../core/signature.js";

const grant = { what: "sounds/a.wav", expires: 1_000 };
const secret = "hush";
const before = { secret, now: 999_999 };
const signature = signatureOf(grant, secret);

describe("a signature", () => {
	it("is good for what was granted, until then", () => {
		expect(isGranted(grant, signature, before)).toBe(true);
		expect(isGranted(grant, signature, { secret, now: 1_000_000 })).toBe(false);
	});

	it.each([
		["another thing", { ...grant, what: "sounds/b.wav" }, signature, secret],
		["a longer time", { ...grant, expires: 9_999 }, signature, secret],
		["another secret", grant, signature, "hash"],
		["a part of it", grant, signature.slice(1), secret],
		["nothing", grant, "", secret],
		["what is no ASCII", grant, "é".repeat(43), secret],
	])("is good for nothing with %s", (_, granted, given, secret) => {
		expect(isGranted(granted, given, { ...before, secret })).toBe(false);
	});
});
