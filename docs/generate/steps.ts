import { steps } from "../../steps/all.js";
import type { StepDefinition } from "../../steps/step.js";
import { exampleSections } from "./step-example.js";
import { table } from "./table.js";
import { fieldSchema, typeAndLimits } from "./type-name.js";

const definitions = steps.map(
	(step) => step as StepDefinition, // any definition is one of unknown fields
);

export function stepsPage(): string {
	const rows = definitions.map(({ type, aliases, summary }) => [
		`[\`${type}\`](steps/${type}.md)${alsoOf(aliases)}`,
		summary,
	]);
	return `# Steps

A flow is an array of steps. Each has an \`id\` (a string or a number, compared as strings, unique in its flow) and a \`type\`; the first
is a \`call\`. Every step may have \`next_step\`, its last edge; a step that has no edge to take ends the flow, and the service hangs up.
A \`number\` that is a voice id of the account rings who stands behind it ([entities.md](entities.md)).
Every text may hold variables, \`<<name>>\` or \`{{name}}\`, filled when the step starts; one that is not set is empty, and the event
\`step.started\` names it. The values in one text may have 100,000 characters together: what comes after counts as not set. What gives
a flow its form may not hold variables: names (of variables, headers and edges), ids, paths into an answer, a method, a terminator.
\`call.id\`, \`call.number\` and \`call.caller_id\` are always set; \`http.status\` after an http step (0 without an answer);
\`connect.outcome\`, \`connect.duration_s\`, and the other side's \`connect.sip_status\` and \`connect.q850_cause\` (0 for none) after
a connect. Seconds may have decimals.

${table(["type", "what it does"], rows)}
`;
}

/** A page for each step: its path and its text. */
export const stepPages = (): [string, string][] =>
	definitions.map((definition) => [
		`docs/steps/${definition.type}.md`,
		stepPage(definition),
	]);

const alsoOf = (aliases: readonly string[]) =>
	aliases.map((alias) => ` (also \`${alias}\`)`).join("");

function stepPage(definition: StepDefinition): string {
	const { type, aliases, summary, fields, outcomes, examples } = definition;
	const ofFields = Object.entries(fields).map(([name, schema]) => {
		const json = fieldSchema(schema);
		return [
			`\`${name}\``,
			typeAndLimits(json),
			schema.safeParse(undefined).success ? "" : "yes",
			json.default === undefined ? "" : `\`${JSON.stringify(json.default)}\``,
			schema.description ?? "",
		];
	});
	const ofOutcomes = Object.entries(outcomes).map(
		([outcome, { says, edges }]) => [
			`\`${outcome}\``,
			says,
			edges.length > 0
				? edges.map((edge) => `\`${edge}\``).join(", else ")
				: "the flow ends",
		],
	);
	return `# ${type}${alsoOf(aliases)}

${summary} Besides these fields every step has an \`id\` and its \`type\`: [all steps](../steps.md).

${table(["field", "what it is", "required", "if left out", "meaning"], ofFields)}

## Outcomes

${table(["outcome", "when", "then"], ofOutcomes)}

## Examples

${exampleSections(type, examples)}
`;
}
