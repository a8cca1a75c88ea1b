import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { entities as readEntities } from "../core/config-forms.js";
import { type Entities, type Entity, entityId } from "../core/entity.js";
import { message, type Problem } from "../core/fault.js";
import { describeJsonError } from "../core/json-error.js";
import { isNumber } from "../core/phone.js";
import { checkCallRequest } from "../server/call-request.js";
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
	return parseJson(written, file);
}

/** Throws a CliError with the place of the first thing that is wrong; `name` is what the text is from. */
export function parseJson(written: string, name: string): unknown {
	try {
		return JSON.parse(written);
	} catch {
		const { place, hint } = describeJsonError(written);
		throw new CliError(`${name} is not JSON: ${place}: ${hint}`);
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
}

/** Puts variables beside those of the file, in place of those of the same names. */
export function withVariables(
	file: FlowFile,
	variables: Readonly<Record<string, string>>,
): FlowFile {
	if (Object.keys(variables).length === 0) return file;
	const given = file.body.variables;
	const all = { ...(typeof given === "object" ? given : {}), ...variables };
	return { ...file, body: { ...file.body, variables: all } };
}

/** Checks a body as POST /call/flow would, as far as that can be without a service. */
export function checkFlow(
	{ body, path }: FlowFile,
	{ now, entities = new AnyEntities() }: FlowContext,
): ReturnType<typeof checkCallRequest> {
	const checked = checkCallRequest(body, {
		...{ now, entities, hasTrunk: true, limits: {} },
		refusesSip: () => false,
		refuses: () => false,
	});
	const inFile = (one: Problem): Problem => ({
		...one,
		path: one.path.replace(/^\$\.flow\b/, path),
	});
	if (checked.ok) {
		const warnings = checked.request.warnings.map(inFile);
		return { ok: true, request: { ...checked.request, warnings } };
	}
	const problems = checked.problems.map(inFile);
	return { ...checked, problems, warnings: checked.warnings.map(inFile) };
}

/** The file that ENTITIES names (docs/entities.md). */
export async function entitiesIn(path: string): Promise<Entities> {
	await readJson(path); // which says where it is no JSON
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
