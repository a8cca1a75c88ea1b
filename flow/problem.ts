import type { Problem } from "../core/fault.js";

const LONGEST_SHOWN = 100;

/** A problem with the offending value, which is shown only as far as it is short and plain. */
export function problem(path: string, value: unknown, hint: string): Problem {
	if (typeof value === "object" && value !== null) return { path, hint };
	if (value === undefined) return { path, hint };
	const shown =
		typeof value === "string" && value.length > LONGEST_SHOWN
			? `${value.slice(0, LONGEST_SHOWN)}…`
			: value;
	return { path, value: shown, hint };
}

/** The JSON path of a property: `$.flow[3]` and `next_step` make `$.flow[3].next_step`. */
export function at(path: string, key: string | number): string {
	if (typeof key === "number") return `${path}[${key}]`;
	return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key)
		? `${path}.${key}`
		: `${path}[${JSON.stringify(key)}]`;
}
