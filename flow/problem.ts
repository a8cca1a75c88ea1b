import type { Problem } from "../core/fault.js";

const LONGEST_SHOWN = 100;

/** A problem with the offending value: an object or a list as JSON text, and no more of a text than helps. */
export function problem(path: string, value: unknown, hint: string): Problem {
	if (value === undefined) return { path, hint };
	const plain =
		typeof value === "object" && value !== null ? asJson(value) : value;
	const shown =
		typeof plain === "string" && plain.length > LONGEST_SHOWN
			? `${plain.slice(0, LONGEST_SHOWN)}…`
			: plain;
	return { path, ...(shown !== undefined && { value: shown }), hint };
}

/** Undefined where it is nested too deeply to be written. */
function asJson(value: object): string | undefined {
	try {
		return JSON.stringify(value);
	} catch {
		return undefined;
	}
}

/** The JSON path of a property: `$.flow[3]` and `next_step` make `$.flow[3].next_step`. */
export function at(path: string, key: string | number): string {
	if (typeof key === "number") return `${path}[${key}]`;
	return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key)
		? `${path}.${key}`
		: `${path}[${JSON.stringify(key)}]`;
}
