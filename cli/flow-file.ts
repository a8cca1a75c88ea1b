import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { entities as readEntities } from "../core/config-forms.js";
import { type Entities, type Entity, entityId } from "../core/entity.js";
import { message, type Problem } from "../core/fault.js";
import { describeJsonError } from "../core/json-error.js";
import { isNumber } from "../core/phone.js";
import { type Compiled, compileFlow } from "../flow/flow.js";
import { problem } from "../flow/problem.js";
import { initialVariables } from "../flow/variables.js";
import { CliError } from "./client.js";

/** A flow as it was found in a file. */
export interface FlowFile {
	/** A body of POST /call/flow; of a file that holds a list only: its flow. */
	body: Readonly<Record<string, unknown>>;
	/** JSON path of the flow in the file. */
	path: string;
}

/** Reads a JSON file, `-` for the standard input; throws a CliError where it is none. */
export async function readJson(file: string): Promise<unknown> {
	let written: string;
	try {
		written = await (file === "-"
			? text(process.stdin)
			: readFile(file, "utf8"));
	} catch (error) {
		throw new CliError(`${file} cannot be read: ${message(error)}`);
	}
	try {
		return JSON.parse(written);
	} catch {
		const { place, hint } = describeJsonError(written);
		throw new CliError(`${file} is not JSON: ${place}: ${hint}`);
	}
}

export async function readFlowFile(file: string): Promise<FlowFile> {
	const json = await readJson(file);
	if (Array.isArray(json)) return { body: { flow: json }, path: "$" };
	if (typeof json === "object" && json !== null)
		return { body: { ...json }, path: "$.flow" };
	throw new CliError(`${file} holds neither a list of steps nor an object`);
}

export interface FlowContext {
	/** Epoch milliseconds. */
	now: number;
	/** Voice ids; every name may be one if left out. */
	entities?: Entities | undefined;
	/** Added to those of the file. */
	variables?: Readonly<Record<string, string>>;
}

export type Checked =
	| (Extract<Compiled, { ok: true }> & {
			variables: ReadonlyMap<string, string>;
	  })
	| Extract<Compiled, { ok: false }>;

/** Checks a flow as the API would, as far as that can be without a service. */
export function checkFlow(
	{ body, path }: FlowFile,
	{ now, entities = new AnyEntities(), variables = {} }: FlowContext,
): Checked {
	const given = { ...asRecord(body.variables), ...variables };
	const read = initialVariables.safeParse(given);
	const compiled = compileFlow(body.flow, {
		...{ now, entities, path, hasTrunk: true },
		variables: Object.keys(given),
	});
	if (read.success && compiled.ok)
		return { ...compiled, variables: new Map(Object.entries(read.data)) };
	const wrong = read.success ? [] : problemsOf(read.error, given);
	const problems = compiled.ok ? wrong : [...wrong, ...compiled.problems];
	return { ok: false, problems, warnings: compiled.warnings };
}

function problemsOf(
	{ issues }: { issues: { path: PropertyKey[]; message: string }[] },
	given: Record<string, unknown>,
): Problem[] {
	return issues.map(({ path, message }) => {
		const [name] = path.map(String);
		return name === undefined
			? problem("$.variables", undefined, message)
			: problem(`$.variables.${name}`, given[name], message);
	});
}

const asRecord = (value: unknown): Record<string, unknown> =>
	typeof value === "object" && value !== null ? { ...value } : {};

/** The file that ENTITIES names (docs/entities.md). */
export function entitiesIn(path: string): Entities {
	const read = readEntities.safeParse(path);
	if (read.success) return read.data;
	throw new CliError(
		read.error.issues.map(({ message }) => message).join("\n"),
	);
}

/** Where voice ids are not known: whatever can be one is one. */
class AnyEntities extends Map<string, Entity> {
	override has(id: string): boolean {
		return entityId.safeParse(id).success;
	}

	override get(id: string): Entity | undefined {
		if (isNumber(id) || !this.has(id)) return undefined;
		return { kind: "user", name: id, targets: [], strategy: "in_order" };
	}
}
