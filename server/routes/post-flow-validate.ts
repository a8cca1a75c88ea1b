import type { RequestHandler } from "express";
import { z } from "zod";
import { flowHash } from "../../flow/flow.js";
import { checkCallRequest } from "../call-request.js";
import type { AppDeps } from "../deps.js";
import { problemSchema } from "../problem.js";
import { readContext } from "../read-context.js";
import { MOST_TOLD } from "../read-input.js";

export const validateAnswer = z
	.object({
		valid: z.boolean().describe("Whether POST /call/flow would take this body"),
		problems: z
			.array(problemSchema)
			.describe(`What is wrong, the first ${MOST_TOLD}`),
		warnings: z
			.array(problemSchema)
			.describe(
				"What is odd but can run; what there is between steps is looked for once nothing is wrong",
			),
		flow_hash: z
			.string()
			.nullable()
			.describe(
				"SHA-256 of the flow with its defaults filled; null if it is wrong",
			),
	})
	.meta({
		id: "CheckedFlow",
		description: "What is wrong and odd about a flow",
	});

/** POST /call/flow/validate: what POST /call/flow would say of this body; nobody is rung and nothing is kept. */
export function postFlowValidate(deps: AppDeps): RequestHandler {
	return async (request, response) => {
		const context = await readContext(deps, response);
		const checked = checkCallRequest(request.body, context);
		const answer: z.infer<typeof validateAnswer> = checked.ok
			? {
					valid: true,
					problems: [],
					warnings: checked.request.warnings,
					flow_hash: flowHash(checked.request.flow),
				}
			: {
					valid: false,
					problems: checked.problems.slice(0, MOST_TOLD),
					warnings: checked.warnings.slice(0, MOST_TOLD),
					flow_hash: null,
				};
		response.json(answer);
	};
}
