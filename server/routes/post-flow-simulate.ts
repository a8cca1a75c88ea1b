import type { RequestHandler } from "express";
import { z } from "zod";
import { scriptSchema } from "../../flow/script.js";
import { simulate } from "../../flow/simulate.js";
import { checkCallRequest, type ReadContext } from "../call-request.js";
import type { AppDeps } from "../deps.js";
import { instant } from "../instant.js";
import { problemSchema } from "../problem.js";
import { readContext } from "../read-context.js";
import { badRequest, problemsOf } from "../read-input.js";

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
		const context = await readContext(deps, response);
		const { now, script, wanted } = readSimulation(request.body, context);
		const simulated = simulate(wanted.flow, {
			variables: new Map(Object.entries(wanted.variables)),
			entities: [...context.entities.keys()],
			...{ now, script },
		});
		const answer: z.infer<typeof simulateAnswer> = {
			...simulated,
			warnings: wanted.warnings,
		};
		response.json(answer);
	};
}

const ownFields = z.object(fields);

/** Throws a Fault with all that is wrong with the call and the script. */
function readSimulation(body: unknown, context: ReadContext) {
	const { now, script, ...call } = asRecord(body);
	const own = ownFields.safeParse({ now, script });
	const at = own.data?.now ?? context.now;
	const isObject = typeof body === "object" && !Array.isArray(body);
	const checked = checkCallRequest(isObject ? call : body, {
		...context,
		now: at,
	});
	if (own.success && checked.ok)
		return { now: at, script: own.data.script, wanted: checked.request };
	const ofOwn = own.success ? [] : problemsOf(own.error, body, () => undefined);
	const ofCall = checked.ok ? [] : checked.problems;
	const code = own.success && !checked.ok ? checked.code : "BAD_REQUEST";
	throw badRequest([...ofOwn, ...ofCall], code);
}

const asRecord = (body: unknown): Record<string, unknown> =>
	typeof body === "object" && body !== null ? { ...body } : {};
