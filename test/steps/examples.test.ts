import { describe, expect, it } from "vitest";
import { steps } from "../../steps/all.js";
import { fillStep } from "../../steps/fill.js";
import type { StepDefinition } from "../../steps/step.js";
import { execute, parseStep, stepContext } from "../support/step-context.js";

describe.each<StepDefinition>([...steps])("the step $type", (definition) => {
	it.each([...definition.examples])(
		"does what its example says: $title",
		async ({ step, variables = {}, outside, outcome }) => {
			const context = stepContext(outside);
			const result = await execute(definition, step, context, variables);
			expect(result.outcome).toBe(outcome);

			const values = new Map(Object.entries(variables));
			const { filled } = fillStep(
				definition,
				parseStep(definition, step),
				values,
			);
			expect(definition.simulate(filled, outside)).toEqual(result);
			expect(definition.sets?.(filled) ?? []).toEqual(
				expect.arrayContaining(Object.keys(result.variables ?? {})),
			);
		},
	);

	it("shows each of its outcomes in an example", () => {
		const shown = new Set(definition.examples.map(({ outcome }) => outcome));
		expect([...shown].sort()).toEqual(Object.keys(definition.outcomes).sort());
	});

	it("describes each of its fields", () => {
		for (const [name, field] of Object.entries(definition.fields))
			expect(field.description, name).toMatch(/\w/);
	});
});
