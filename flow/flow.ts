import { createHash } from "node:crypto";
import type { Entities } from "../core/entity.js";
import type { Problem } from "../core/fault.js";
import type { SipAddress } from "../core/sip-address.js";
import type { CheckFacts, StepDefinition } from "../steps/step.js";
import { type Element, readElement } from "./element.js";
import { checkGraph } from "./graph.js";
import { MOST_STEPS, MOST_VARIABLES, MOST_WARNINGS } from "./limits.js";
import { lint } from "./lint.js";
import { at, problem } from "./problem.js";
import { checkSensitive, sensitiveNames } from "./sensitive.js";

/** A checked flow: every id is unique and every edge leads to a step. */
export interface Flow {
	/** The id of the first step, a `call` unless somebody is on the line already. */
	readonly entry: string;
	readonly steps: ReadonlyMap<string, FlowStep>;
	/** Names of the variables that hold sensitive digits, wherever else they are set. */
	readonly sensitive: ReadonlySet<string>;
	/** The flow as plain JSON with defaults filled: what is kept and hashed. It holds credentials of http steps. */
	readonly source: readonly StepSource[];
}

export interface FlowStep {
	readonly id: string;
	readonly definition: StepDefinition;
	/** Parsed, templates not yet filled. */
	readonly fields: Readonly<Record<string, unknown>>;
	/** Ids of steps by the names of edges: `next_step`, `flow.success`, `flow.*`. */
	readonly edges: ReadonlyMap<string, string>;
}

export type StepSource = Readonly<
	{ id: string; type: string } & Record<string, unknown>
>;

export interface CompileContext {
	/** Epoch milliseconds. */
	now: number;
	entities: Entities;
	hasTrunk: boolean;
	/** Whether a `sip:` address would not be dialled. */
	refusesSip?(address: SipAddress): boolean;
	/** Whether nothing may be asked of a URL because of the address that it names. */
	refuses?(url: string): boolean;
	/** Somebody is on the line: the first step need not be a call. */
	isUnderway?: boolean;
	/** Steps at the most; MOST_STEPS if left out. */
	mostSteps?: number | undefined;
	/** Names of the variables that the flow is started with. */
	variables?: Iterable<string>;
	/** JSON path of the flow in the request. */
	path?: string;
}

export type Compiled =
	/** Warnings: odd, but it can run. */
	| { ok: true; flow: Flow; warnings: Problem[] }
	| { ok: false; problems: Problem[]; warnings: Problem[] };

/** Checks a flow as a client wrote it and tells everything that is wrong with it at once. */
export function compileFlow(input: unknown, context: CompileContext): Compiled {
	const path = context.path ?? "$.flow";
	const elements = readElements(input, path, context.mostSteps);
	if (!Array.isArray(elements))
		return { ok: false, problems: [elements], warnings: [] };
	const problems: Problem[] = checkVariables(elements, path);
	const warnings: Problem[] = [];
	const graph = checkGraph(elements, context.isUnderway);
	const sensitive = sensitiveNames(elements);
	for (const [index, element] of elements.entries()) {
		const found = findings(element, { ...context, sensitive });
		problems.push(...element.problems, ...found.problems);
		problems.push(...checkSensitive(element, sensitive));
		problems.push(...(graph[index] ?? []));
		warnings.push(...found.warnings);
	}
	if (problems.length > 0)
		return { ok: false, problems, warnings: warnings.slice(0, MOST_WARNINGS) };
	const odd = [...lint(elements, context.variables), ...warnings];
	const flow = build(elements);
	return { ok: true, flow, warnings: odd.slice(0, MOST_WARNINGS) };
}

/** A kept `source` as a flow again. Nothing outside it is asked: entities and trunks may have changed since. */
export function thawFlow(source: unknown, isUnderway = false): Flow {
	const elements = readElements(source, "$.flow");
	if (!Array.isArray(elements)) throw new Error(elements.hint);
	const [wrong] = [
		...elements.flatMap(({ problems }) => problems),
		...checkGraph(elements, isUnderway).flat(),
	];
	if (wrong) throw new Error(`${wrong.path}: ${wrong.hint}`);
	return build(elements);
}

/** SHA-256 of a flow's source, in hex; the order of JSON keys does not count. */
export function flowHash({ source }: Flow): string {
	return createHash("sha256").update(canonical(source)).digest("hex");
}

function readElements(
	input: unknown,
	path: string,
	mostSteps = MOST_STEPS,
): Element[] | Problem {
	if (!Array.isArray(input) || input.length === 0)
		return problem(path, input, "write a list of steps, a call first");
	if (input.length > mostSteps)
		return problem(path, input.length, `at most ${mostSteps} steps`);
	return input.map((value, index) => readElement(value, at(path, index)));
}

function findings(
	{ definition, fields, raw, path }: Element,
	context: CompileContext & Pick<CheckFacts, "sensitive">,
): { problems: Problem[]; warnings: Problem[] } {
	const given = new Set(Object.keys(raw));
	const found = definition?.check?.(fields, { ...context, given }) ?? [];
	const of = (wanted: "problem" | "warning") =>
		found
			.filter(({ severity }) => severity === wanted)
			.map(({ field, hint }) => {
				const where = field.split(".").reduce(at, path);
				return problem(where, raw[field], hint);
			});
	return { problems: of("problem"), warnings: of("warning") };
}

/** The values of a call are kept in memory: what a flow can set is bounded here. */
function checkVariables(elements: readonly Element[], path: string): Problem[] {
	const names = new Set(
		elements.flatMap(
			({ definition, fields }) => definition?.sets?.(fields) ?? [],
		),
	);
	return names.size <= MOST_VARIABLES
		? []
		: [problem(path, names.size, `at most ${MOST_VARIABLES} variables`)];
}

function build(elements: readonly Element[]): Flow {
	const steps = elements.map(({ id, definition, fields, edges }): FlowStep => {
		if (id === undefined || !definition)
			throw new Error("an element with problems was built");
		const to = [...edges].map(([name, edge]) => [name, edge.id] as const);
		return { id, definition, fields, edges: new Map(to) };
	});
	return {
		entry: steps[0]?.id ?? "",
		steps: new Map(steps.map((step) => [step.id, step])),
		sensitive: sensitiveNames(steps),
		source: steps.map(({ id, definition, fields }) => ({
			...fields,
			id,
			type: definition.type,
		})),
	};
}

/** JSON with sorted keys. */
export function canonical(value: unknown): string {
	return JSON.stringify(value, (_key, inner: unknown) =>
		typeof inner === "object" && inner !== null && !Array.isArray(inner)
			? Object.fromEntries(
					Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)),
				)
			: inner,
	);
}
