import type { z } from "zod";
import { Fault, type Problem } from "../core/fault.js";
import { at, problem } from "../flow/problem.js";

/** A body as a schema has it; throws BAD_REQUEST with all that is wrong. No body counts as an empty object. */
export function readBody<S extends z.ZodType>(
	schema: S,
	body: unknown,
): z.output<S> {
	const read = schema.safeParse(body ?? {});
	if (read.success) return read.data;
	const problems = read.error.issues.flatMap((issue): Problem[] => {
		const path = issue.path.reduce<string>(
			(here, key) => at(here, typeof key === "number" ? key : String(key)),
			"$",
		);
		if (issue.code === "unrecognized_keys")
			return issue.keys.map((key) => ({
				path: at(path, key),
				hint: "unknown field; see docs/accounts.md for those there are",
			}));
		return [problem(path, valueAt(body, issue.path), issue.message)];
	});
	throw new Fault(
		"BAD_REQUEST",
		problems.length === 1
			? `${problems[0]?.path}: ${problems[0]?.hint}`
			: `${problems.length} things are wrong; see problems`,
		{ problems },
	);
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
	return path.reduce<unknown>(
		(here, key) =>
			typeof here === "object" && here !== null && Object.hasOwn(here, key)
				? (here as Record<PropertyKey, unknown>)[key] // it has it
				: undefined,
		body,
	);
}
