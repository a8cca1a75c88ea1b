import type { RequestHandler } from "express";
import { z } from "zod";
import type { StepSource } from "../../flow/flow.js";
import { shownFlow } from "../../flow/shown.js";
import type { KeptFlow } from "../../store/call-list.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { noCall, readId } from "../find-call.js";

const shownSteps = z.array(
	z.looseObject({
		id: z.string().describe("Of the step, in the flow"),
		type: z.string().describe("What it does (docs/steps.md)"),
	}),
);

export const callFlowAnswer = z.object({
	flow: shownSteps.describe(
		"The steps that it was posted with, defaults filled; *** in the place of each value of an http step's headers, of its body, of an address's query and of who asks for it",
	),
	variables: z
		.record(z.string(), z.string().nullable())
		.describe(
			"What they held at first; null for one that a sensitive step sets, or that goes into what is not shown",
		),
	flow_hash: z
		.string()
		.describe("SHA-256 of the flow, in hex: the same flow has the same"),
	redirected_to: z
		.object({
			flow: shownSteps.describe("Its steps, without their secrets too"),
			flow_hash: z.string().describe("Of this flow"),
			since: z
				.int()
				.describe(
					"seq of the event that tells of it: steps that began later are of this flow",
				),
		})
		.nullable()
		.describe(
			"The new flow that this attempt, or the last one, walks since it was redirected to it; null if it was not",
		),
});

/** GET /calls/{id}/flow: what it walks, as it was accepted, and what it was redirected to; no later change of anything is in it. */
export function getCallFlow({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const id = readId(request);
		const kept =
			id === undefined
				? undefined
				: await store.calls.flow(cloudIdOf(response), id);
		if (!kept) throw noCall(request);
		response.json(flowView(kept));
	};
}

function flowView(kept: KeptFlow): z.infer<typeof callFlowAnswer> {
	const { redirectedTo } = kept;
	// kept as Flow.source, and never changed
	const { steps, hidden } = shownFlow(kept.flow as StepSource[]);
	const other = redirectedTo && shownFlow(redirectedTo.flow as StepSource[]);
	const variables = Object.entries(kept.variables).map(([name, value]) => [
		name,
		hidden.has(name) || other?.hidden.has(name) ? null : value,
	]);
	return {
		flow: steps,
		variables: Object.fromEntries(variables),
		flow_hash: kept.flowHash,
		redirected_to: redirectedTo && {
			flow: other?.steps ?? [],
			flow_hash: redirectedTo.flowHash,
			since: redirectedTo.since,
		},
	};
}
