import type { RequestHandler } from "express";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";
import { callView } from "../views.js";

/** GET /calls/{id} */
export function getCall({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		response.json(callView(await findCall(store, request, response)));
	};
}
