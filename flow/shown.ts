import { type Element, readElement } from "./element.js";
import type { StepSource } from "./flow.js";
import { at } from "./problem.js";
import { sensitiveNames } from "./sensitive.js";

/** In the place of each value that never comes back in an answer. */
const HIDDEN = "***";

/** A kept flow as its account may see it, without what its steps keep secret; one of an older version is shown as it is, too. */
export function shownFlow(source: readonly StepSource[]): {
	steps: StepSource[];
	/** Names of the variables that hold sensitive digits. */
	sensitive: ReadonlySet<string>;
} {
	const elements = source.map((step, index) =>
		readElement(step, at("$.flow", index)),
	);
	return {
		steps: source.map((step, index) => shown(step, elements[index])),
		sensitive: sensitiveNames(elements),
	};
}

/** One step of it. */
export const shownStep = (step: StepSource): StepSource =>
	shown(step, readElement(step, "$"));

/** That a secret is there, and the names of its entries, can be seen. */
function shown(step: StepSource, element: Element | undefined): StepSource {
	const secret: readonly string[] = element?.definition?.secret ?? [];
	const hidden = secret
		.filter((name) => name in step)
		.map((name) => [name, hide(step[name])]);
	return { ...step, ...Object.fromEntries(hidden) };
}

const hide = (value: unknown) =>
	typeof value === "object" && value !== null && !Array.isArray(value)
		? Object.fromEntries(Object.keys(value).map((key) => [key, HIDDEN]))
		: HIDDEN;
