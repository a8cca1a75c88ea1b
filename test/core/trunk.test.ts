import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { written } from "../../core/trunk.js";
import { trunkOf } from "../support/trunk.js";

/** The table of docs/trunks.md: dialled, parameters, written. */
const rows = [
	...readFileSync("docs/trunks.md", "utf8").matchAll(
		/^\| `(\+?\d+)` \| (?:`([^`]+)`)? ?\| `(\+?\d+)` \|$/gm,
	),
].map(([, dialled = "", parameters, wanted = ""]) => ({
	...{ dialled, parameters, wanted },
}));

describe("a number", () => {
	it.each(rows)(
		"$dialled is written $wanted with $parameters, as the documentation says",
		({ dialled, parameters, wanted }) => {
			const trunk = ["sip:192.0.2.1", parameters].filter(Boolean).join(";");
			expect(written(dialled, trunkOf(trunk))).toBe(wanted);
		},
	);

	it("has its five ways of being written in the documentation", () => {
		expect(rows).toHaveLength(5);
	});
});
