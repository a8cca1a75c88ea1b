import { z } from "zod";
import { causeOf } from "../core/cause.js";
import type { CallRecord } from "../store/store.js";

/** Why a call ended: a part of the answer to GET /calls/{id}. */
export const causeAnswer = z.object({
	cause: z
		.string()
		.nullable()
		.describe("Why it ended, in one sentence for a person; null until then"),
	q850_cause: z
		.int()
		.nullable()
		.describe(
			"What the network gave as its cause (ITU-T Q.850), where it gave one",
		),
	detail: z.string().nullable().describe("Plain words, where there are any"),
	step_id: z
		.string()
		.nullable()
		.describe("The step that ran when it ended; null until then"),
});

/** `ringS`: how long it rang, seconds. */
export function causeView(
	{ reason, sipStatus, q850Cause, detail, stepId }: CallRecord,
	ringS: number | null,
): z.infer<typeof causeAnswer> {
	const facts = { sipStatus, q850Cause, detail, ringS };
	return {
		cause: reason && causeOf({ reason, ...facts }),
		q850_cause: q850Cause,
		...{ detail, step_id: stepId },
	};
}
