import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MOST_WAITING } from "../../server/start-metrics.js";
import { filledMetrics } from "../support/filled-metrics.js";
import { labelled, labelsOf } from "../support/prometheus.js";
import { path, text, yaml } from "./deployed.js";

/** A question to Prometheus, and the words that show its answer. */
interface Asked {
	expr: string;
	words: string;
}

interface Rules {
	groups: {
		rules: { alert: string; expr: string; annotations: { summary: string } }[];
	}[];
}

interface Dashboard {
	panels: {
		id: number;
		targets?: { expr: string; legendFormat: string }[];
	}[];
}

interface RulesTest {
	tests: { input_series: { series: string }[] }[];
}

const read = (name: string) => readFileSync(name, "utf8");
const exposed = labelsOf(await filledMetrics().text());
/** What Prometheus itself adds. */
const ADDED = ["instance", "job"];

/** Each metric of ours that is asked for, with what stands in its braces. */
const selectors = (expr: string) =>
	[
		...expr.matchAll(/\b((?:flowdial|nodejs|process)_\w+)(?:\{([^}]*)\})?/g),
	].map(([, name = "", inner = ""]) => ({
		name,
		labels: [...labelled(inner)],
	}));

/** What is wrong with a question: metrics, labels and values that there are not. */
function complaints({ expr, words }: Asked): string[] {
	const asked = selectors(expr);
	const unknown = asked.flatMap(({ name, labels }) => {
		const known = exposed.get(name);
		if (!known) return `no metric ${name}`;
		return labels.flatMap(([, label = "", values = ""]) => {
			if (ADDED.includes(label)) return [];
			const all = known.get(label);
			if (!all) return `${name} has no ${label}`;
			const missing = values.split("|").filter((value) => !all.has(value));
			return missing.map((value) => `no ${label} is ${value}`);
		});
	});
	const all = asked.flatMap(({ name }) => [
		...(exposed.get(name)?.keys() ?? []),
	]);
	const there = [...ADDED, ...all];
	const groups = [...expr.matchAll(/by \(([^)]*)\)/g)];
	const kept = groups.flatMap(([, labels = ""]) => labels.split(", "));
	const isOne = groups.length === 0 && /\b(sum|max|min)\(/.test(expr);
	const left = isOne ? [] : groups.length > 0 ? kept : there;
	const shown = [...words.matchAll(/\{\{(?: \$labels\.)?(\w+) ?\}\}/g)];
	return [
		...unknown,
		...kept.filter((label) => !there.includes(label)),
		...shown.flatMap(([, label = ""]) => (left.includes(label) ? [] : label)),
	];
}

const rules = yaml<Rules>("prometheus/alerts.yml").groups.flatMap(
	(group) => group.rules,
);
const { panels } = JSON.parse(
	text("grafana/dashboards/flowdial.json"),
) as Dashboard;
const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

describe("alerts and dashboard", () => {
	it.each<[string, Asked[]]>([
		[
			"alerts",
			rules.map(({ expr, annotations }) => ({
				...{ expr, words: annotations.summary },
			})),
		],
		[
			"panels",
			panels.flatMap(({ targets = [] }) =>
				targets.map(({ expr, legendFormat: words }) => ({ expr, words })),
			),
		],
	])("%s ask for metrics, labels and values that there are", (_what, all) => {
		expect(all.length).toBeGreaterThan(10);
		expect(all.flatMap(complaints)).toEqual([]);
	});

	it.each([
		["flowdial_live_calls_count", "", "no metric flowdial_live_calls_count"],
		["flowdial_ring_seconds", "", "no metric flowdial_ring_seconds"],
		['flowdial_trunk_up{kind="x"}', "", "flowdial_trunk_up has no kind"],
		['flowdial_queue_length{where="all"}', "", "no where is all"],
		["max by (at) (flowdial_live_calls)", "", "at"],
		["sum(flowdial_trunk_up)", "{{at}}", "at"],
		["flowdial_live_calls", "at {{ $labels.at }}", "at"],
	])("%s, shown as '%s', would be found to be wrong", (expr, words, said) => {
		expect(complaints({ expr, words })).toEqual([said]);
	});

	it("are tested with series as the service has them", () => {
		const { tests } = yaml<RulesTest>("prometheus/alerts.test.yml");
		const given = tests.flatMap(({ input_series }) =>
			input_series.flatMap(({ series }) => selectors(series)),
		);
		expect(given.length).toBeGreaterThan(10);
		for (const { name, labels } of given)
			expect(labels.map(([, label]) => label).sort(), name).toEqual(
				["instance", ...(exposed.get(name)?.keys() ?? ["nowhere"])].sort(),
			);
	});

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

	it("are let in with the token that the quick start takes from .env", () => {
		const [, command = ""] =
			/^(sed .*) > metrics\.token$/m.exec(read("docs/operate.md")) ?? [];
		const folder = mkdtempSync(join(tmpdir(), "flowdial-deploy-"));
		const filled = text(".env.example").replace(/^AUTH_TOKEN=/m, "$&f00d");
		writeFileSync(join(folder, ".env"), filled);
		const shell = ["-e", "-c", command];
		expect(execFileSync("sh", shell, { cwd: folder }).toString()).toBe("f00d");
		rmSync(folder, { recursive: true });
	});

	it("has panels that Grafana can tell apart", () => {
		const ids = panels.map(({ id }) => id);
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
