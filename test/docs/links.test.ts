import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const pages = [
	...readdirSync(".").filter((file) => file.endsWith(".md")),
	...readdirSync("docs", { recursive: true, encoding: "utf8" })
		.filter((file) => file.endsWith(".md"))
		.map((file) => join("docs", file)),
];

/** Without code, in which nothing is a link. */
const proseOf = (page: string) =>
	readFileSync(page, "utf8")
		.replaceAll(/^```.*?^```/gms, "")
		.replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, " "));

/** As GitHub makes them of headings: a second one of the same words has -1. */
function anchorsOf(page: string): Set<string> {
	const anchors = new Set<string>();
	const text = readFileSync(page, "utf8").replaceAll(/^```.*?^```/gms, "");
	for (const [, heading = ""] of text.matchAll(/^#{1,6} (.+)$/gm)) {
		const anchor = heading
			.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
			.toLowerCase()
			.replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
			.replaceAll(" ", "-");
		let next = anchor;
		for (let n = 1; anchors.has(next); n++) next = `${anchor}-${n}`;
		anchors.add(next);
	}
	return anchors;
}

describe.each(pages)("%s", (page) => {
	const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
		.map(([, link = ""]) => link)
		.filter((link) => !/^[a-z]+:/i.test(link));

	it("leads nowhere that is not there", () => {
		const broken = links.filter((link) => {
			const [file = "", anchor] = link.split("#");
			const target = file === "" ? page : join(dirname(page), file);
			if (!existsSync(target)) return true;
			return anchor !== undefined && !anchorsOf(target).has(anchor);
		});
		expect(broken).toEqual([]);
	});
});

describe("the docs", () => {
	it("have no page that no other leads to", () => {
		const reached = new Set(
			pages.flatMap((page) =>
				[...proseOf(page).matchAll(/\]\(([^)\s#]+)/g)].map(([, link = ""]) =>
					join(dirname(page), link),
				),
			),
		);
		reached.add("README.md"); // where reading begins
		expect(pages.filter((page) => !reached.has(page))).toEqual([]);
	});
});
