import type { RequestHandler } from "express";
import { z } from "zod";
import { scriptSchema } from "../../flow/script.js";
import { simulate } from "../../flow/simulate.js";
import { readCallRequest } from "../call-request.js";
import type { AppDeps } from "../deps.js";
import { instant } from "../instant.js";
import { problemSchema } from "../problem.js";
import { readContext } from "../read-context.js";
import { readBody } from "../read-input.js";

/** Of the body, besides those of POST /call/flow. */
export const fields = {
	now: instant
		.optional()
		.describe(
			"The instant that the call is made at, for callbacks; now if left out",
		),
	script: scriptSchema
		.default([])
		.describe(
			"What the callee, the other parties and the servers do, each in its order: {digits}, {timeout}, {hangup}, {call}, {connect} or {http}",
		),
} as const;

export const simulateAnswer = z
	.object({
		steps: z
			.array(
				z.object({
					step_id: z.string().describe("The id of the step"),
					step_type: z.string().describe("The type of the step"),
					outcome: z.string().describe("One of the step's documented outcomes"),
					edge: z
						.object({
							name: z
								.string()
								.describe("next_step, or flow. and what was taken"),
							to: z.string().describe("The id of the step that comes next"),
						})
						.nullable()
						.describe("The edge taken; null where the flow ends"),
					says: z
						.string()
						.nullable()
						.describe("The text that is spoken, or the address of the sound"),
					fields: z
						.record(z.string(), z.unknown())
						.describe("The step's fields, templates filled"),
					variables: z
						.record(z.string(), z.string())
						.describe("Those that the step has set"),
					unset: z
						.array(z.string())
						.describe("Variables that it reads and that were not set"),
					detail: z.string().nullable().describe("Why an http step failed"),
				}),
			)
			.describe("The walk, step by step"),
		end: z
			.object({
				reason: z
					.enum([
						"completed",
						"callee_hung_up",
						"missed",
						"step_limit",
						"too_long",
						"waits",
					])
					.describe(
						"How the walk ended; waits: the script has nothing for the step that comes next",
					),
				step_id: z
					.string()
					.describe("The step that it ended at, or that waits"),
				wants: z
					.enum(["digits", "connect", "http"])
					.nullable()
					.describe("With waits: what the script lacks"),
				hint: z
					.string()
					.nullable()
					.describe("With waits: which entry of the script does not fit"),
			})
			.describe("How and where it ended"),
		variables: z.record(z.string(), z.string()).describe("At the end"),
		script_left: z
			.array(z.int())
			.describe("Places in the script, from 0, that nothing has taken"),
		warnings: z.array(problemSchema).describe("What is odd about the flow"),
	})
	.meta({ id: "Simulation", description: "The walk of a flow" });

/** POST /call/flow/simulate: the walk of a flow with a scripted outside world; nobody is rung, nothing is sent or kept. */
export function postFlowSimulate(deps: AppDeps): RequestHandler {
	return async (request, response) => {
		const { now, script, ...call } = asRecord(request.body);
		const given = readBody(fields, { now, script });
		const context = await readContext(deps, response);
		const at = given.now ?? context.now;
		const wanted = readCallRequest(call, { ...context, now: at });
		const simulated = simulate(wanted.flow, {
			variables: new Map(Object.entries(wanted.variables)),
			now: at,
			entities: [...context.entities.keys()],
			script: given.script,
		});
		const answer: z.infer<typeof simulateAnswer> = {
			...simulated,
			warnings: wanted.warnings,
		};
		response.json(answer);
	};
}

const asRecord = (body: unknown): Record<string, unknown> =>
	typeof body === "object" && body !== null ? { ...body } : {};
