import { z } from "zod";
import { closest } from "../core/closest.js";
import { Fault, type FaultCode, type Problem } from "../core/fault.js";
import { at, problem } from "../flow/problem.js";

/** A body can hold a hundred thousand problems. */
export const MOST_TOLD = 1_000;
/** Guesses are made for so many unknown fields. */
const MOST_GUESSES = 20;
/** Their values are not repeated in answers. */
const secret = /^\$\.(cloud_sid|auth_token|token|publish)\b/;
/** Every body may hold them; auth.ts compares them. */
const credentials = {
	cloud_id: z.unknown().optional(),
	cloud_sid: z.unknown().optional(),
	auth_token: z.unknown().optional(),
};

/** What is wrong between fields, of those that are right by themselves; `told` has the paths of the others. */
type Between<S extends z.ZodRawShape> = (
	right: Partial<z.infer<z.ZodObject<S>>>,
	told: ReadonlySet<string>,
) => Problem[];

/** Reads a body by the schemas of its fields; throws BAD_REQUEST with all that is wrong, where a field is also with what `between` finds. */
export function readBody<S extends z.ZodRawShape>(
	fields: S,
	body: unknown,
	between: Between<S> = () => [],
): z.infer<z.ZodObject<S>> {
	const known = Object.keys(fields);
	return read(fields, body ?? {}, { others: credentials, known, between });
}

/** Reads a body by a schema of its own, in which no field is a credential. No body counts as an empty object. */
export function readOwnBody<S extends z.ZodObject>(
	schema: S,
	body: unknown,
): z.output<S> {
	const result = schema.safeParse(body ?? {});
	if (result.success) return result.data;
	throw badRequest(wrong(result.error, body, Object.keys(schema.shape)));
}

/** The same as readBody for a query, some parameters of which are `others` to read. */
export function readQuery<S extends z.ZodRawShape>(
	fields: S,
	query: Record<string, unknown>,
	others: z.ZodRawShape = none,
): z.infer<z.ZodObject<S>> {
	const known = Object.keys({ ...others, ...fields });
	return read(fields, query, { others, known, between: () => [] });
}

const none: z.ZodRawShape = {};
/** Schemas by what is read and by what is left to others: to make one takes longer than to use it. */
const schemas = new WeakMap<
	z.ZodRawShape,
	WeakMap<z.ZodRawShape, z.ZodObject>
>();

function read<S extends z.ZodRawShape>(
	fields: S,
	given: unknown,
	{
		others,
		known,
		between,
	}: {
		others: z.ZodRawShape;
		known: readonly string[];
		between: Between<S>;
	},
): z.infer<z.ZodObject<S>> {
	const result = schemaOf(fields, others).safeParse(given);
	// S's fields are parsed by S, and z.infer of a spread is not known to be that
	if (result.success) return result.data as z.infer<z.ZodObject<S>>;
	// with what is wrong in those that others read
	const all = strict({ ...others, ...fields }, fields).safeParse(given);
	const ofFields = wrong(all.error ?? result.error, given, known);
	const told = new Set(ofFields.map(({ path }) => path));
	const isObject = !ofFields.some(({ path }) => path === "$");
	const more = isObject ? between(right(fields, given), told) : [];
	throw badRequest([
		...ofFields,
		...more.filter(({ path }) => !told.has(path)),
	]);
}

/** Those fields that are right. */
function right<S extends z.ZodRawShape>(
	fields: S,
	given: unknown,
): Partial<z.infer<z.ZodObject<S>>> {
	const read = Object.entries(fields).flatMap(([name, schema]) => {
		const result = z.safeParse(schema, valueAt(given, [name]));
		return result.success ? [[name, result.data]] : [];
	});
	return Object.fromEntries(read) as Partial<z.infer<z.ZodObject<S>>>; // each came out of its own schema
}

const wrong = (error: z.ZodError, given: unknown, known: readonly string[]) =>
	problemsOf(error, given, (path) => (path === "$" ? known : undefined));

function schemaOf(fields: z.ZodRawShape, others: z.ZodRawShape): z.ZodObject {
	const beside = schemas.get(fields) ?? new WeakMap();
	schemas.set(fields, beside);
	const made = beside.get(others);
	if (made) return made;
	const ignored = Object.fromEntries(
		Object.keys(others).map((name) => [name, z.unknown().optional()]),
	);
	const schema = strict({ ...ignored, ...fields }, fields);
	beside.set(others, schema);
	return schema;
}

const strict = (shape: z.ZodRawShape, told: z.ZodRawShape) =>
	z.strictObject(shape, {
		error: `send an object with ${Object.keys(told).join(", ")}`,
	});

/** A BAD_REQUEST, or another fault, whose words are its one problem's, or how many there are. */
export function badRequest(
	problems: readonly Problem[],
	code: FaultCode = "BAD_REQUEST",
): Fault {
	const [only, ...more] = problems;
	const told =
		problems.length > MOST_TOLD ? `the first ${MOST_TOLD} are in` : "see";
	const detail =
		only && more.length === 0
			? `${only.path}: ${only.hint}`
			: `${problems.length} things are wrong; ${told} problems`;
	return new Fault(code, detail, { problems: problems.slice(0, MOST_TOLD) });
}

/** What a schema says of what was given: where, what, and what to do. `knownAt`: the fields that there are at a path, if that is known. */
export function problemsOf(
	error: z.ZodError,
	given: unknown,
	knownAt: (path: string) => readonly string[] | undefined,
): Problem[] {
	return error.issues.flatMap((issue) => {
		const path = issue.path.reduce<string>(
			(here, key) => at(here, typeof key === "number" ? key : String(key)),
			"$",
		);
		if (issue.code === "unrecognized_keys")
			return issue.keys.map((key, index) =>
				unknownField(at(path, key), key, knownAt(path), index < MOST_GUESSES),
			);
		const value = secret.test(path) ? undefined : valueAt(given, issue.path);
		const inner = issue.code === "invalid_key" ? issue.issues[0] : issue;
		return [problem(path, value, inner?.message ?? issue.message)];
	});
}

/** Without its value: it may be a secret in the wrong place. */
function unknownField(
	path: string,
	key: string,
	known: readonly string[] | undefined,
	guesses: boolean,
): Problem {
	const meant = known && guesses ? closest(key, known) : undefined;
	const remedy = known ? `known are ${known.join(", ")}` : "remove it";
	return {
		path,
		hint: `unknown field; ${meant === undefined ? remedy : `did you mean "${meant}"?`}`,
	};
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
	return path.reduce<unknown>(
		(here, key) =>
			typeof here === "object" && here !== null && Object.hasOwn(here, key)
				? Reflect.get(here, key)
				: undefined,
		given,
	);
}
