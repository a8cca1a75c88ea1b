import type { RequestHandler } from "express";
import { newId } from "../../core/id.js";
import { flowHash } from "../../flow/flow.js";
import { startVariables } from "../../flow/variables.js";
import { cloudIdOf } from "../auth.js";
import { readCallRequest } from "../call-request.js";
import type { AppDeps } from "../deps.js";

/** POST /call/flow: keeps the call and answers 202; it is dialled when its turn comes. */
export function postCallFlow({
	dispatcher,
	entities,
	hasTrunk,
	refusesSip,
	http,
	clock,
}: AppDeps): RequestHandler {
	return async (request, response) => {
		const { warnings, ...wanted } = readCallRequest(request.body, {
			now: clock.now(),
			entities,
			hasTrunk,
			refusesSip,
			refuses: http.refuses,
		});
		const id = newId();
		const values = startVariables(
			wanted.flow,
			id,
			new Map(Object.entries(wanted.variables)),
		);
		await dispatcher.accept({
			...wanted,
			...{ id, parentCallId: null, callbackId: null, scheduleId: null },
			cloudId: cloudIdOf(response),
			flowHash: flowHash(wanted.flow),
			number: values.get("call.number") ?? "",
			callerId: values.get("call.caller_id") ?? "",
		});
		response
			.status(202)
			.location(`${request.baseUrl}/calls/${id}`)
			.json({
				id,
				status: wanted.dueAt > clock.now() ? "scheduled" : "queued",
				warnings,
			});
	};
}
