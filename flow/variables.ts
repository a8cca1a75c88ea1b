import { z } from "zod";
import { fill, type Variables } from "../core/template.js";
import { variableName } from "../steps/fields.js";
import type { Flow } from "./flow.js";
import { MOST_VARIABLES } from "./limits.js";

/** Characters. */
const LONGEST_VALUE = 4_096;

/** A flow's initial values as a client writes them. */
export const initialVariables = z
	.record(
		variableName,
		z
			.union([z.string().max(LONGEST_VALUE), z.number(), z.boolean()], {
				error: `write a string of up to ${LONGEST_VALUE} characters, a number, true or false`,
			})
			.transform(String),
	)
	.refine((values) => Object.keys(values).length <= MOST_VARIABLES, {
		error: `at most ${MOST_VARIABLES} variables`,
	});

/** What a flow's variables hold at its start: the initial values and `call.id`, `call.number`, `call.caller_id`. */
export function startVariables(
	flow: Flow,
	callId: string,
	initial: Variables,
): Map<string, string> {
	const variables = new Map([...initial, ["call.id", callId]]);
	const { number, caller_id } = flow.steps.get(flow.entry)?.fields ?? {};
	const number_ = fill(String(number), variables, "text").text;
	const callerId = fill(String(caller_id), variables, "text").text;
	return variables.set("call.number", number_).set("call.caller_id", callerId);
}

/** A value as it is kept; what is too long is cut. */
export function shortened(value: string): string {
	if (value.length <= LONGEST_VALUE) return value;
	// Half a surrogate pair is no character.
	return value.slice(0, LONGEST_VALUE).replace(/[\uD800-\uDBFF]$/, "");
}
