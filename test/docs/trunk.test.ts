import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { missed } from "../../telephony/sip-outcome.js";

// Which outcome and reason the guide says that a status of the carrier's has.
const rows = [
	...readFileSync("docs/guides/trunk.md", "utf8").matchAll(
		/^\| `(\w+)`, `(\w+)` \(([\d, ]+)\) \|/gm,
	),
].flatMap(([, outcome, reason, statuses = ""]) =>
	statuses.split(", ").map((status) => [Number(status), outcome, reason]),
);

it("finds such rows in the guide to trunks", () => {
	expect(rows.length).toBeGreaterThan(8);
});

it.each(rows)(
	"%i of a trunk is %s, %s, as the guide says",
	(...[status, outcome, reason]) => {
		const seen = missed(Number(status), { rang: false });
		expect(seen).toMatchObject({ outcome, reason });
	},
);
