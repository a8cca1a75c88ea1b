import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MOST_WAITING } from "../../server/start-metrics.js";
import { path, text, yaml } from "./deployed.js";

interface Rules {
	groups: { rules: { alert: string; expr: string }[] }[];
}

const read = (name: string) => readFileSync(name, "utf8");
const known = new Set(read("server/metrics.ts").match(/\bflowdial_\w+/g));
/** Of a histogram or its parts: the histogram. */
const base = (name: string) => name.replace(/_(bucket|count|sum)$/, "");
const used = (source: string) =>
	[...new Set(source.match(/\bflowdial_\w+/g))].map(base);
const rules = yaml<Rules>("prometheus/alerts.yml").groups.flatMap(
	(group) => group.rules,
);
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

describe("alerts and dashboard", () => {
	it.each(["prometheus/alerts.yml", "grafana/dashboards/flowdial.json"])(
		"%s asks for metrics that there are",
		(name) => {
			const names = used(text(name));
			expect(names.length).toBeGreaterThan(5);
			expect([...known]).toEqual(expect.arrayContaining(names));
		},
	);

	it("know how far the queue is counted", () => {
		const { expr = "" } =
			rules.find(({ alert }) => alert === "QueueGrows") ?? {};
		expect(expr).toContain(`>= ${MOST_WAITING}\n`);
	});

	it("say of each alert what it means", () => {
		const headings = [...read("docs/operate.md").matchAll(/^\| `(\w+)` \|/gm)];
		const told = headings.map(([, name]) => name);
		expect(rules.map(({ alert }) => alert).sort()).toEqual(told.sort());
	});

	it("has panels that Grafana can tell apart", () => {
		const { panels } = JSON.parse(text("grafana/dashboards/flowdial.json"));
		const ids = panels.map(({ id }: { id: number }) => id);
		expect(new Set(ids).size).toBe(ids.length);
	});

	it.skipIf(!hasPromtool)("the rules fire when they should", () => {
		const promtool = (...words: string[]) =>
			execFileSync("promtool", words, {
				cwd: path("prometheus"),
				encoding: "utf8",
			});
		expect(promtool("check", "rules", "alerts.yml")).toContain("SUCCESS");
		expect(promtool("test", "rules", "alerts.test.yml")).toContain("SUCCESS");
	});
});
