import { fill, namesIn, type Place, type Variables } from "../core/template.js";
import type { StepDefinition } from "./step.js";

type Values = Readonly<Record<string, unknown>>;

/** A step's fields with their templates filled, and the variables that were not set and count as empty. */
export function fillStep(
	definition: StepDefinition,
	fields: Values,
	variables: Variables,
): { filled: Values; unset: string[] } {
	const filled: Record<string, unknown> = { ...fields };
	const unset = new Set<string>();
	for (const [name, place] of Object.entries(definition.templates)) {
		if (place === undefined) continue;
		const where = typeof place === "string" ? place : place.placeIn(filled);
		filled[name] = fillValue(filled[name], where, variables, unset);
	}
	return { filled, unset: [...unset] };
}

/** Of a string, or of each value of a record of strings. */
function fillValue(
	value: unknown,
	place: Place,
	variables: Variables,
	unset: Set<string>,
): unknown {
	if (typeof value === "string") {
		const { text, unset: missing } = fill(value, variables, place);
		for (const name of missing) unset.add(name);
		return text;
	}
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([name, one]) => [
			name,
			fillValue(one, place, variables, unset),
		]),
	);
}

/** Whether a field's templates read one of these variables. */
export function reads(value: unknown, names: ReadonlySet<string>): boolean {
	if (typeof value === "string")
		return namesIn(value).some((name) => names.has(name));
	return (
		typeof value === "object" &&
		value !== null &&
		Object.values(value).some((one) => reads(one, names))
	);
}
