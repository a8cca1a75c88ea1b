import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { argv } from "node:process";

const FOLDER = "steps";

/** The source of `steps/all.ts`: every file of the folder that defines a step. */
export function registrySource(folder: string): string {
	const types = readdirSync(folder)
		.filter((file) =>
			/^export const \w+ = defineStep\(/m.test(
				readFileSync(join(folder, file), "utf8"),
			),
		)
		.map((file) => basename(file, ".ts"))
		.sort();
	return [
		"// Written by steps/generate.ts: do not edit.",
		...types.map((type) => `import { ${type} } from "./${type}.js";`),
		"",
		`export const steps = [${types.join(", ")}] as const;`,
		"",
	].join("\n");
}

/** Run from the root of the repository: `node dist/steps/generate.js`. */
if (argv[1] === import.meta.filename)
	writeFileSync(join(FOLDER, "all.ts"), registrySource(FOLDER));
