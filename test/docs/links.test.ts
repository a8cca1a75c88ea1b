import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const pagesIn = (folder: string) =>
	readdirSync(folder, { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".md"))
		.map((name) => join(folder, name));
const pages = [
	...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
	...[...pagesIn("docs"), ...pagesIn("examples")],
];

/** As GitHub makes an anchor of a heading. */
const anchors = (file: string) =>
	[...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(
		([, title = ""]) =>
			title
				.toLowerCase()
				.replaceAll(/[^\p{L}\p{N} _-]/gu, "")
				.replaceAll(" ", "-"),
	);

it.each(pages)("%s links to what is there", (file) => {
	const dead = [...readFileSync(file, "utf8").matchAll(/\]\(([^)\s]+)\)/g)]
		.map(([, target = ""]) => target)
		.filter((target) => !/^(https?|mailto):/.test(target))
		.filter((target) => {
			const [path = "", anchor] = target.split("#");
			const to = path === "" ? file : join(dirname(file), path);
			if (!existsSync(to)) return true;
			return anchor !== undefined && !anchors(to).includes(anchor);
		});
	expect(dead).toEqual([]);
});
