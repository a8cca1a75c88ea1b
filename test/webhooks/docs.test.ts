import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { retryAfterMs, retryDelayMs } from "../../webhooks/retries.js";

const page = readFileSync("docs/webhooks.md", "utf8");
const HOUR_MS = 3_600_000;

it("docs/webhooks.md has the waits between attempts", () => {
	const words = (ms: number) => {
		if (ms < 60_000) return `${ms / 1_000} s`;
		return ms < HOUR_MS ? `${ms / 60_000} min` : `${ms / HOUR_MS} h`;
	};
	const waits: number[] = [];
	for (let attempt = 1; ; attempt++) {
		const ms = retryDelayMs(attempt, 0, 0);
		if (ms === null) break;
		waits.push(ms);
		expect(retryDelayMs(attempt, 0, 1)).toBeCloseTo(ms * 1.1);
	}
	expect(page).toContain(`| ${waits.map(words).join(" | ")} | never`);
	expect(page).toContain(
		`| after attempt | ${[...waits, 0].map((_, n) => n + 1).join(" | ")} |`,
	);
});

it.each([
	["120", 120_000],
	["Tue, 01 Jan 2030 00:01:00 GMT", 60_000],
	["Tue, 01 Jan 2019 00:00:00 GMT", 0],
	["soon", 0],
	[undefined, 0],
	["99999999999999999999", 24 * HOUR_MS],
	["Fri, 01 Jan 2100 00:00:00 GMT", 24 * HOUR_MS],
])("Retry-After: %s asks for %i ms", (header, ms) => {
	expect(retryAfterMs(header, Date.UTC(2030, 0, 1))).toBe(ms);
});
