import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { generatedPages } from "../docs/generate.js";
import { registrySource } from "../steps/generate.js";

// The floors of docs/architecture.md: a file imports from its own folder or from a lower floor; neighbours never import each other.
const floors: Record<string, number> = {
	audio: 0,
	core: 1,
	steps: 2,
	store: 2,
	telephony: 2,
	media: 2,
	flow: 3,
	webhooks: 3,
	scheduler: 4,
	server: 5,
};
/** Programs beside the house, and what of it each may import. */
const beside: Record<string, (target: string) => boolean> = {
	softswitch: (target) =>
		/^(softswitch|audio)\//.test(target) ||
		/^core\/(clock|config|config-forms|log)\./.test(target),
	docs: (target) =>
		/^(docs|steps|core|server\/openapi)\//.test(target) ||
		target === "server/call-request.ts",
	demo: (target) => /^(demo|softswitch\/lab)\//.test(target),
	cli: (target) =>
		/^(cli|flow|steps|core|audio)\//.test(target) ||
		/^server\/(call-request|instant)\./.test(target),
	web: (target) => /^web\//.test(target),
	bench: (target) => /^(bench\/|demo\/service-process\.)/.test(target),
};

const root = process.cwd();
const sources = [...Object.keys(floors), ...Object.keys(beside)].flatMap(
	(folder) =>
		readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
			.map((entry) => relative(root, join(entry.parentPath, entry.name))),
);
const imports = new Map(
	sources.map((file) => {
		const text = readFileSync(join(root, file), "utf8");
		const targets = [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map(
			([, target]) =>
				relative(root, resolve(dirname(file), target ?? "")).replace(
					/\.js$/,
					".ts",
				),
		);
		return [file, targets];
	}),
);
const room = (file: string) => file.split("/")[0] ?? "";

function allowed(file: string, target: string): boolean {
	const [from, to] = [room(file), room(target)];
	const program = beside[from];
	if (program) return program(target);
	if (to === "softswitch") return file === "server/main.ts";
	const [fromFloor, toFloor] = [floors[from], floors[to]];
	if (fromFloor === undefined || toFloor === undefined) return false;
	return from === to || toFloor < fromFloor;
}

describe("the house", () => {
	it("has no import from a wrong floor", () => {
		const wrong = [...imports].flatMap(([file, targets]) =>
			targets
				.filter((target) => !allowed(file, target))
				.map((target) => `${file} imports ${target}`),
		);
		expect(wrong).toEqual([]);
	});

	it("has no circle", () => {
		const done = new Set<string>();
		const circles: string[] = [];
		const visit = (file: string, trail: string[]): void => {
			if (trail.includes(file)) circles.push([...trail, file].join(" → "));
			if (done.has(file) || trail.includes(file)) return;
			for (const target of imports.get(file) ?? [])
				visit(target, [...trail, file]);
			done.add(file);
		};
		for (const file of imports.keys()) visit(file, []);
		expect(circles).toEqual([]);
	});

	it("has no stale generated file", () => {
		expect(registrySource("steps")).toBe(readFileSync("steps/all.ts", "utf8"));
		for (const [path, text] of generatedPages())
			expect(readFileSync(path, "utf8"), path).toBe(text);
	});

	it("has no file over 300 lines", () => {
		const long = sources.filter(
			(file) => readFileSync(join(root, file), "utf8").split("\n").length > 301,
		);
		expect(long).toEqual([]);
	});
});
