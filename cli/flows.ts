import type { Command } from "commander";
import { systemClock } from "../core/clock.js";
import type { Problem } from "../core/fault.js";
import { at } from "../flow/problem.js";
import { type ScriptEntry, scriptSchema } from "../flow/script.js";
import { instant } from "../server/instant.js";
import { lintAnswer } from "./answers.js";
import { ask, CliError } from "./client.js";
import {
	checkFlow,
	entitiesIn,
	type FlowContext,
	parseJson,
	readFlowFile,
	readJson,
	withVariables,
} from "./flow-file.js";
import { shown } from "./print.js";
import { pair, type Session } from "./session.js";
import { simulateFlow } from "./simulate.js";

interface Given {
	entities?: string;
	var: Record<string, string>;
	now?: string;
}

/** `lint` and `simulate`: what needs no service. */
export function addFlowCommands(program: Command, session: Session): void {
	const flowCommand = (name: string, description: string) =>
		program
			.command(`${name} <file>`)
			.description(description)
			.option(
				"--entities <file>",
				"voice ids, as the setting ENTITIES has them",
			)
			.option("--var <name=value>", "a variable; may be repeated", pair, {})
			.option("--now <instant>", "such as 2030-10-11T20:48:00Z");
	flowCommand("lint", "says what is wrong and what is odd about a flow")
		.option("--strict", "fail also if something is odd")
		.option("--remote", "ask the API, which knows the account's voice ids")
		.action(
			async (
				file: string,
				given: Given & { strict?: boolean; remote?: boolean },
			) => {
				const flowFile = withVariables(await readFlowFile(file), given.var);
				const { problems, warnings } = given.remote
					? await validate(session, flowFile.body, given)
					: lintOf(checkFlow(flowFile, await contextOf(given)));
				if (session.isJson) session.tell({ problems, warnings });
				else tellLint(file, problems, warnings);
				const isBad =
					problems.length > 0 || (given.strict && warnings.length > 0);
				if (isBad) process.exitCode = 1;
			},
		);
	flowCommand("simulate", "walks a flow without a call")
		.option(
			"--script <json>",
			"what happens, or the name of a file that says it",
		)
		.option("--speak", "say aloud what the callee hears")
		.action(
			async (
				file: string,
				given: Given & { script?: string; speak?: boolean },
			) => {
				const context = await contextOf(given);
				const flowFile = withVariables(await readFlowFile(file), given.var);
				const checked = checkFlow(flowFile, context);
				if (!checked.ok) {
					const { problems, warnings } = checked;
					if (session.isJson) session.tell({ problems, warnings });
					else tellLint(file, problems, warnings);
					process.exitCode = 1;
					return;
				}
				const isDone = await simulateFlow(checked.request, {
					...{ now: context.now, entities: context.entities },
					script:
						given.script === undefined ? null : await scriptOf(given.script),
					isJson: session.isJson,
					speaks: given.speak === true,
				});
				if (!isDone) process.exitCode = 1;
			},
		);
}

interface Lint {
	problems: readonly Problem[];
	warnings: readonly Problem[];
}

const lintOf = (checked: ReturnType<typeof checkFlow>): Lint =>
	checked.ok ? { problems: [], warnings: checked.request.warnings } : checked;

async function validate(
	session: Session,
	body: unknown,
	{ entities, now }: Given,
): Promise<Lint> {
	if (entities !== undefined || now !== undefined)
		throw new CliError(
			"--entities and --now go without --remote: the API has voice ids and a clock of its own",
		);
	const route = ["POST", "/call/flow/validate"] as const;
	return await ask(session.connection, lintAnswer, ...route, body);
}

function tellLint(
	file: string,
	problems: readonly Problem[],
	warnings: readonly Problem[],
): void {
	const line = (word: string, { path, value, hint }: Problem) =>
		`${word} ${path}${value === undefined ? "" : ` (${shown(value)})`}: ${shown(hint)}`;
	for (const one of problems) console.log(line("wrong", one));
	for (const one of warnings) console.log(line("odd  ", one));
	const count = (all: readonly Problem[], what: string) =>
		`${all.length} ${what}`;
	console.log(
		problems.length + warnings.length === 0
			? `${file}: nothing is wrong`
			: `${file}: ${count(problems, "wrong")}, ${count(warnings, "odd")}`,
	);
}

async function contextOf({ entities, now }: Given) {
	return {
		now: now === undefined ? systemClock.now() : instantOf(now),
		entities: entities === undefined ? undefined : await entitiesIn(entities),
	} satisfies FlowContext;
}

function instantOf(text: string): number {
	const read = instant.safeParse(text);
	if (read.success) return read.data;
	throw new CliError(`--now: ${read.error.issues[0]?.message}`);
}

async function scriptOf(given: string): Promise<ScriptEntry[]> {
	const isText = /^\s*\[/.test(given);
	const json = isText ? parseJson(given, "--script") : await readJson(given);
	const read = scriptSchema.safeParse(json);
	if (read.success) return read.data;
	const lines = read.error.issues.map(({ path, message }) => {
		const keys = path.map((key) =>
			typeof key === "number" ? key : String(key),
		);
		return `${keys.reduce(at, "$")}: ${message}`;
	});
	throw new CliError(`--script:\n  ${lines.join("\n  ")}`);
}
