import type { RequestHandler } from "express";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";
import { pageToken, readPage } from "../page.js";

/** GET /calls/{id}/events?page_size&page_token: what happened, in order. */
export function getCallEvents({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { size, after } = readPage(request.query);
		const { id } = await findCall(store, request, response);
		const found = await store.calls.events(cloudIdOf(response), id, {
			after,
			limit: size + 1, // one more tells whether there is another page
		});
		const result = found.slice(0, size);
		const last = result.at(-1);
		response.json({
			result,
			next_page_token: last && found.length > size ? pageToken(last.seq) : null,
		});
	};
}
