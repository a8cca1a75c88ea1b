import type { RequestHandler } from "express";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";
import { callView } from "../views.js";

/** GET /calls/{id}, with its place in line while it waits. */
export function getCall({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const call = await findCall(store, request, response);
		const waits = call.status === "queued" || call.status === "scheduled";
		const position = waits ? (await store.queue.ahead(call)) + 1 : null;
		response.json({ ...callView(call), position });
	};
}
