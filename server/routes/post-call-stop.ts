import type { RequestHandler } from "express";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";
import { callView } from "../views.js";

/** POST /calls/{id}/stop: 202 while the call is being ended, 200 once it has ended; asking twice does no harm. */
export function postCallStop({ store, dispatcher }: AppDeps): RequestHandler {
	return async (request, response) => {
		const call = await findCall(store, request, response);
		if (call.status !== "ended") await dispatcher.stop(call.id);
		const now = await findCall(store, request, response);
		response.status(now.status === "ended" ? 200 : 202).json(callView(now));
	};
}
