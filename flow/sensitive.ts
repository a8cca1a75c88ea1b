import type { Call } from "../core/call.js";
import { type Clock, sleep } from "../core/clock.js";
import type { Problem } from "../core/fault.js";
import { reads } from "../steps/fill.js";
import { play } from "../steps/play.js";
import type { StepDefinition } from "../steps/step.js";
import type { Element } from "./element.js";
import { at, problem } from "./problem.js";

/** A digit may be known while its key is still down (SIP INFO), its tone waits in jitter buffers, and more keys than asked for may follow. */
export const RELEASED_MS = 500;
/** Somebody who is still typing as the walk is taken elsewhere waits for no longer. */
const MOST_QUIET_MS = 10_000;

/** As far as a step is right. */
interface Step {
	readonly definition: StepDefinition | undefined;
	readonly fields: Readonly<Record<string, unknown>>;
}

export const isSensitive = ({ fields }: Step): boolean =>
	fields.sensitive === true;

/** The variables that sensitive steps set. A name is sensitive in the whole flow, whatever else sets it. */
export function sensitiveNames(steps: readonly Step[]): Set<string> {
	return new Set(
		steps
			.filter(isSensitive)
			.flatMap(({ definition, fields }) => definition?.sets?.(fields) ?? []),
	);
}

/** The fields whose templates read a sensitive variable. */
function readingFields(
	{ definition, fields }: Step,
	sensitive: ReadonlySet<string>,
): string[] {
	return Object.keys(definition?.templates ?? {}).filter((name) =>
		reads(fields[name], sensitive),
	);
}

export function carriesSensitive(
	step: Step,
	sensitive: ReadonlySet<string>,
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
 * stops and counts for what follows. `next` is where its `next_step` leads.
 */
export function isPrivate(step: Step, next: Step | undefined): boolean {
	if (isSensitive(step)) return true;
	return (
		step.definition?.type === play.type &&
		next !== undefined &&
		isSensitive(next)
	);
}

/** How long no key may be pressed after this step was left before its end, for the rest of a PIN may follow; `next` as for isPrivate. */
export function quietAfter(
	step: Step,
	next: Step | undefined,
	leastMs: number,
): number {
	const taking = [step, next].find((one) => one && isSensitive(one));
	const seconds = taking?.fields.interdigit_timeout;
	if (!isPrivate(step, next) || typeof seconds !== "number") return leastMs;
	return Math.max(Math.min(seconds * 1_000, MOST_QUIET_MS), leastMs);
}

/** Until no key has been pressed for so long. */
export async function untilReleased(
	{ digits }: Call,
	clock: Clock,
	quietMs: number,
	over: AbortSignal,
): Promise<void> {
	do {
		digits.clear();
		await sleep(clock, quietMs, over).catch(() => {});
	} while (!digits.isEmpty && !over.aborted);
}
