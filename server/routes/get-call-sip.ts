import type { RequestHandler } from "express";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";
import { readQuery } from "../read-input.js";
import { sipView } from "../sip-view.js";
import { query } from "./get-call-recording.js";

/** GET /calls/{id}/sip?attempt: the SIP messages of all attempts or of one, in order; of an attempt that is being made, those so far where this instance makes it. */
export function getCallSip({ store, dispatcher }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { attempt } = readQuery(query, request.query);
		const { id, cloudId } = await findCall(store, request, response);
		// before what is kept: an attempt that ends meanwhile is in either
		const live = dispatcher.sip(id);
		const kept = await store.calls.sip(cloudId, id, attempt);
		const isWanted =
			live && (attempt === undefined || attempt === live.attempt);
		const others = kept.filter((one) => one.attempt !== live?.attempt);
		response.json(sipView(isWanted ? [...others, live] : others));
	};
}
