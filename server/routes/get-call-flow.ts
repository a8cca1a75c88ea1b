import type { RequestHandler } from "express";
import { z } from "zod";
import type { StepSource } from "../../flow/flow.js";
import { shownFlow } from "../../flow/shown.js";
import type { KeptFlow } from "../../store/call-list.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { noCall, readId } from "../find-call.js";

export const callFlowAnswer = z.object({
	flow: z
		.array(
			z.looseObject({
				id: z.string().describe("Of the step, in the flow"),
				type: z.string().describe("What it does (docs/steps.md)"),
			}),
		)
		.describe(
			"The steps that it walks, with defaults filled; *** in the place of each value of an http step's headers and of its body",
		),
	variables: z
		.record(z.string(), z.string().nullable())
		.describe(
			"What they held at first; null for one that a sensitive step sets",
		),
	flow_hash: z
		.string()
		.describe("SHA-256 of the flow, in hex: the same flow has the same"),
});

/** GET /calls/{id}/flow: what it walks, as it was accepted: no later change of anything is in it. */
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

function flowView({ flow, flowHash, variables }: KeptFlow) {
	// kept as Flow.source, and never changed
	const { steps, sensitive } = shownFlow(flow as StepSource[]);
	const shown = Object.entries(variables).map(([name, value]) => [
		name,
		sensitive.has(name) ? null : value,
	]);
	return {
		flow: steps,
		variables: Object.fromEntries(shown),
		flow_hash: flowHash,
	};
}
