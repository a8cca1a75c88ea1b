import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ScriptEntry, scriptSchema } from "../../flow/script.js";

/** A folder of examples/. */
export interface Example {
	name: string;
	/** Of flow.json: a body of POST /call/flow, as JSON. */
	flow: string;
	/** Paths of what happens in each attempt: script.json, script-2.json … */
	scripts: string[];
	expected: string;
	path(file: string): string;
}

/** Every folder but that of the consumers of webhooks, as it is found. */
export const examples: readonly Example[] = readdirSync("examples", {
	withFileTypes: true,
})
	.filter((entry) => entry.isDirectory() && entry.name !== "webhooks")
	.map(({ name }) => {
		const path = (file: string) => join("examples", name, file);
		const read = (file: string) =>
			existsSync(path(file)) ? readFileSync(path(file), "utf8") : "";
		const scripts = readdirSync(join("examples", name))
			.filter((file) => /^script(-\d+)?\.json$/.test(file))
			// "script.json" is the first attempt's
			.sort((one, other) => one.length - other.length || (one < other ? -1 : 1))
			.map(path);
		const [flow, expected] = [read("flow.json"), read("expected.txt")];
		return { name, flow, scripts, expected, path };
	});

export const scriptIn = (path: string): ScriptEntry[] =>
	scriptSchema.parse(JSON.parse(readFileSync(path, "utf8")));
