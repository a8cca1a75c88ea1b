import type { Problem } from "../core/fault.js";
import { reads } from "../steps/fill.js";
import { play } from "../steps/play.js";
import type { StepDefinition } from "../steps/step.js";
import type { Element } from "./element.js";
import type { Flow, FlowStep } from "./flow.js";
import { at, problem } from "./problem.js";

interface Read {
	readonly definition: StepDefinition | undefined;
	readonly fields: Readonly<Record<string, unknown>>;
}

export const isSensitive = ({ fields }: Pick<Read, "fields">): boolean =>
	fields.sensitive === true;

/** The variables that sensitive steps set. A name is sensitive in the whole flow, whatever else sets it. */
export function sensitiveNames(steps: readonly Read[]): Set<string> {
	return new Set(
		steps
			.filter(isSensitive)
			.flatMap(({ definition, fields }) => definition?.sets?.(fields) ?? []),
	);
}

/** The fields whose templates read a sensitive variable. */
function readingFields(
	{ definition, fields }: Read,
	sensitive: ReadonlySet<string>,
): string[] {
	return Object.keys(definition?.templates ?? {}).filter((name) =>
		reads(fields[name], sensitive),
	);
}

export function carriesSensitive(
	step: FlowStep,
	{ sensitive }: Pick<Flow, "sensitive">,
): boolean {
	return readingFields(step, sensitive).length > 0;
}

/** A problem for each field that would give sensitive digits away. */
export function checkSensitive(
	element: Element,
	sensitive: ReadonlySet<string>,
): Problem[] {
	const { definition, path, raw } = element;
	return readingFields(element, sensitive)
		.filter((field) => !definition?.takesSensitive?.includes(field))
		.map((field) =>
			problem(
				at(path, field),
				raw[field],
				"a variable in it holds the digits of a sensitive step, which only the headers and body of an http step may hold; take it out",
			),
		);
}

/**
 * Whether what is pressed during a step may be sensitive: it takes such digits, or it is the sound right before, which a key
 * stops and counts for what follows.
 */
export function isPrivate(step: FlowStep, { steps }: Flow): boolean {
	if (isSensitive(step)) return true;
	const next = steps.get(step.edges.get("next_step") ?? "");
	return (
		step.definition.type === play.type &&
		next !== undefined &&
		isSensitive(next)
	);
}
