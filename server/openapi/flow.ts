import { z } from "zod";
import { MOST_STEPS } from "../../flow/limits.js";
import { steps } from "../../steps/all.js";
import { stepId } from "../../steps/fields.js";
import type { StepDefinition } from "../../steps/step.js";
import { fields } from "../call-request.js";

/** `keypad` is `KeypadStep`. */
const nameOf = ({ type }: StepDefinition) =>
	`${type.charAt(0).toUpperCase()}${type.slice(1)}Step`;

const definitions: readonly StepDefinition[] = steps.map(
	(step) => step as StepDefinition, // any definition is one of unknown fields
);

function stepSchema(definition: StepDefinition) {
	const { type, aliases, summary, fields, examples } = definition;
	const [example] = examples;
	const schema = z.strictObject({
		id: stepId.describe('Unique in its flow; 1 and "1" are the same'),
		type: z.enum([type, ...aliases]).describe("Which step it is"),
		...fields,
	});
	return schema.meta({
		id: nameOf(definition),
		description: summary,
		examples: [{ id: 1, type, ...example?.step }],
	});
}

const ref = (definition: StepDefinition) =>
	`#/components/schemas/${nameOf(definition)}`;

const [first, ...others] = definitions.map(stepSchema);
if (!first) throw new Error("there is no step");

const mapping = Object.fromEntries(
	definitions.flatMap((definition) =>
		[definition.type, ...definition.aliases].map((type) => [
			type,
			ref(definition),
		]),
	),
);

export const flowSchema = z
	.array(
		z.discriminatedUnion("type", [first, ...others]).meta({
			id: "Step",
			description: "A step of a flow (docs/steps.md)",
			discriminator: { propertyName: "type", mapping },
		}),
	)
	.min(1)
	.max(MOST_STEPS)
	.meta({ id: "Flow", description: "A list of steps, a call first" });

const { cloud_id, cloud_sid, auth_token, start_at, ...rest } = fields;

/** A body of POST /call/flow, besides the credential. */
export const callFields = { ...rest, start_at, flow: flowSchema };

/** What a schedule's calls are made of. */
export const scheduledRequest = z.strictObject({
	...{ ...rest, cloud_id, cloud_sid, auth_token },
	flow: flowSchema,
});
