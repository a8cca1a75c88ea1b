import type { z } from "zod";
import { closest } from "../core/closest.js";
import type { Problem } from "../core/fault.js";
import { steps } from "../steps/all.js";
import { stepId } from "../steps/fields.js";
import type { StepDefinition } from "../steps/step.js";
import { at, problem } from "./problem.js";

/** One element of a flow, read as far as it is right. */
export interface Element {
	path: string;
	/** As it was written, for the values of problems. */
	raw: Readonly<Record<string, unknown>>;
	id: string | undefined;
	definition: StepDefinition | undefined;
	/** The fields that are right by themselves, defaults filled. */
	fields: Readonly<Record<string, unknown>>;
	/** Edges by name, those of wrong fields included. */
	edges: ReadonlyMap<string, { id: string; written: unknown }>;
	problems: readonly Problem[];
}

const definitions = new Map<string, StepDefinition>(
	steps.flatMap((definition: StepDefinition) =>
		[definition.type, ...definition.aliases].map(
			(word): [string, StepDefinition] => [word, definition],
		),
	),
);

/** Guesses are made for so many unknown fields of a step. */
const MOST_GUESSES = 20;

/** Every field is parsed by itself, so that one wrong field hides no other. */
export function readElement(value: unknown, path: string): Element {
	const raw = isRecord(value) ? value : {};
	const definition = definitionOf(raw.type);
	// what is wrong besides a misspelt type is told with it
	const meant = definition ?? definitionOf(guessType(raw.type));
	const id = stepId.safeParse(raw.id);
	const problems = isRecord(value)
		? [...checkId(raw, id, path), ...checkType(raw, definition, path)]
		: [problem(path, value, "a step is an object with an id and a type")];
	const fields: Record<string, unknown> = {};
	for (const [name, schema] of Object.entries(meant?.fields ?? {})) {
		const parsed = schema.safeParse(raw[name]);
		if (!parsed.success)
			problems.push(...fieldProblems(schema, name, parsed.error, raw, path));
		else if (parsed.data !== undefined) fields[name] = parsed.data;
	}
	if (meant) {
		problems.push(...unknownFields(raw, meant, path));
		for (const name of meant.secret) hide(problems, at(path, name));
	}
	return {
		path,
		raw,
		id: id.data,
		definition,
		fields,
		edges: edgesOf(raw, meant),
		problems,
	};
}

function definitionOf(type: unknown): StepDefinition | undefined {
	return typeof type === "string" ? definitions.get(type) : undefined;
}

function guessType(type: unknown): string | undefined {
	return typeof type === "string"
		? closest(type, [...definitions.keys()])
		: undefined;
}

function checkId(
	raw: Element["raw"],
	id: z.ZodSafeParseResult<string>,
	path: string,
): Problem[] {
	const hint = id.error?.issues[0]?.message;
	return hint ? [problem(at(path, "id"), raw.id, hint)] : [];
}

function checkType(
	raw: Element["raw"],
	definition: StepDefinition | undefined,
	path: string,
): Problem[] {
	if (definition) return [];
	const meant = guessType(raw.type);
	const hint = meant
		? `did you mean "${meant}"?`
		: `the types are ${[...definitions.keys()].join(", ")}`;
	return [problem(at(path, "type"), raw.type, `no type of a step; ${hint}`)];
}

function fieldProblems(
	schema: z.ZodType,
	name: string,
	{ issues }: z.ZodError,
	raw: Element["raw"],
	path: string,
): Problem[] {
	return issues.flatMap((issue) => {
		const inner = issue.path.map(String);
		const says = issue.code === "invalid_key" ? issue.issues[0] : issue;
		const hint =
			raw[name] === undefined ? "this field is required" : says?.message;
		// A custom message says by itself what to write.
		const isPlain =
			inner.length === 0 &&
			issue.code !== "custom" &&
			issue.code !== "unrecognized_keys";
		const wanted = isPlain ? `; wanted: ${schema.description}` : "";
		const wrong =
			issue.code === "unrecognized_keys"
				? issue.keys.map((key) => [...inner, key])
				: [inner];
		return wrong.map((keys) =>
			problem(
				keys.reduce(at, at(path, name)),
				keys.reduce(propertyOf, raw[name]),
				`${hint}${wanted}`,
			),
		);
	});
}

function propertyOf(value: unknown, key: string): unknown {
	return isRecord(value) ? value[key] : undefined;
}

function unknownFields(
	raw: Element["raw"],
	{ type, fields }: StepDefinition,
	path: string,
): Problem[] {
	const known = ["id", "type", ...Object.keys(fields)];
	const missing = known.filter((one) => !(one in raw));
	return Object.keys(raw)
		.filter((name) => !known.includes(name))
		.map((name, index) => {
			const meant = index < MOST_GUESSES ? closest(name, missing) : undefined;
			const hint =
				meant === undefined
					? `${type} has ${known.join(", ")}`
					: `did you mean "${meant}"?`;
			// Without its value: it may be a secret in the wrong place.
			return { path: at(path, name), hint: `unknown field; ${hint}` };
		});
}

function hide(problems: Problem[], path: string): void {
	for (const one of problems) if (one.path.startsWith(path)) delete one.value;
}

function edgesOf(
	raw: Element["raw"],
	definition: StepDefinition | undefined,
): Element["edges"] {
	const edges = new Map<string, { id: string; written: unknown }>();
	const add = (name: string, written: unknown) => {
		const { data: id } = stepId.safeParse(written);
		if (id !== undefined) edges.set(name, { id, written });
	};
	if (!definition || definition.fields.next_step)
		add("next_step", raw.next_step);
	if ((!definition || definition.fields.flow) && isRecord(raw.flow))
		for (const [name, to] of Object.entries(raw.flow)) add(`flow.${name}`, to);
	return edges;
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
