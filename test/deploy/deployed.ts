import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { serviceHelp } from "../../core/config.js";

/** What is checked here is in the repository, not in the compiled tree. */
const FOLDER = join(process.cwd(), "deploy");

export const path = (name: string): string => join(FOLDER, name);
export const text = (name: string): string => readFileSync(path(name), "utf8");

/** One YAML document; merge keys are followed, as Compose does. */
export const yaml = <T>(name: string): T =>
	parse(text(name), { merge: true }) as T; // the shape is what the schema in the test says

/** All documents of a YAML file. */
export const yamls = <T>(name: string): T[] =>
	parseAllDocuments(text(name)).map((one) => one.toJS() as T); // as above

/** Every setting that the service reads. */
export const settingNames = (): string[] =>
	serviceHelp()
		.split("\n")
		.map((line) => line.split(" ")[0] ?? "");

type Environment = Readonly<Record<string, string | undefined>>;

/** Fills ${NAME}, ${NAME:-otherwise} and ${NAME:?}, the innermost first; throws where a name that is wanted is missing. */
export function filled(value: string, environment: Environment): string {
	const innermost = /\$\{([A-Z0-9_]+)(?::([-?])([^${}]*))?\}/;
	for (let rest = value; ; ) {
		const match = innermost.exec(rest);
		if (!match) return rest;
		const [whole, name = "", how, otherwise = ""] = match;
		const given = environment[name] || undefined;
		if (!given && how !== "-") throw new Error(`${name} is not set`);
		rest = rest.replace(whole, () => given ?? otherwise);
	}
}

/** What .env holds once its secrets are filled in. */
export function exampleEnvironment(): Environment {
	const pairs = [...text(".env.example").matchAll(/^([A-Z0-9_]+)=(.*)$/gm)].map(
		([, name = "", value = ""]) => {
			const isSecret = /SECRET|PASSWORD|TOKEN/.test(name);
			return [name, value || (isSecret ? "0123456789abcdef" : "")];
		},
	);
	return Object.fromEntries(pairs);
}
