import type { RequestHandler } from "express";
import { z } from "zod";
import { newId } from "../../core/id.js";
import { readTraceparent } from "../../core/trace.js";
import { flowHash } from "../../flow/flow.js";
import { startVariables } from "../../flow/variables.js";
import { cloudIdOf } from "../auth.js";
import { readCallRequest } from "../call-request.js";
import type { AppDeps } from "../deps.js";
import { answerOnce } from "../idempotency.js";
import { warningsAnswer } from "../problem.js";
import { readContext } from "../read-context.js";

export const acceptedAnswer = z
	.object({
		id: z.guid().describe("The call's id"),
		status: z
			.enum(["scheduled", "queued"])
			.describe("scheduled: start_at is to come"),
		warnings: warningsAnswer,
	})
	.meta({ id: "AcceptedCall", description: "A call that was accepted" });

/** POST /call/flow: keeps the call and answers 202; it is dialled when its turn comes. */
export function postCallFlow(deps: AppDeps): RequestHandler {
	const { dispatcher, clock } = deps;
	return async (request, response) => {
		await answerOnce(deps, request, response, async (keep) => {
			const cloudId = cloudIdOf(response);
			const context = await readContext(deps, response);
			const { warnings, ...wanted } = readCallRequest(request.body, context);
			const id = newId();
			const values = startVariables(
				wanted.flow,
				id,
				new Map(Object.entries(wanted.variables)),
			);
			const answer = {
				status: 202,
				location: `${request.baseUrl}/calls/${id}`,
				body: {
					id,
					status: wanted.dueAt > clock.now() ? "scheduled" : "queued",
					warnings,
				} satisfies z.infer<typeof acceptedAnswer>,
			};
			await dispatcher.accept({
				...wanted,
				...{ id, parentCallId: null, callbackId: null, scheduleId: null },
				cloudId,
				flowHash: flowHash(wanted.flow),
				number: values.get("call.number") ?? "",
				callerId: values.get("call.caller_id") ?? "",
				traceparent: readTraceparent(request.get("traceparent")),
				idempotency: keep(answer),
			});
			return answer;
		});
	};
}
