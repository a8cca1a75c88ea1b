import type { RequestHandler } from "express";
import { z } from "zod";
import { problem } from "../../flow/problem.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";
import { type Page, pageFields, pageToken } from "../page.js";
import { badRequest, readQuery } from "../read-input.js";

export const query = {
	...pageFields,
	after_seq: z
		.string({ error: "write it once" })
		.regex(/^[0-9]{1,9}$/, { error: "write the seq of an event, or 0" })
		.transform(Number)
		.optional()
		.describe("The events after the one with this seq"),
};

/** GET /calls/{id}/events?page_size&page_token&after_seq: what happened, in order; with `after_seq` what came after that event. */
export function getCallEvents({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { size, after } = readEventPage(request.query);
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

function readEventPage(given: Record<string, unknown>): Page {
	const { page_size, page_token, after_seq } = readQuery(query, given);
	if (page_token !== undefined && after_seq !== undefined) {
		const hint = "leave it out: page_token says where the page begins";
		throw badRequest([problem("$.after_seq", given.after_seq, hint)]);
	}
	return { size: page_size, after: page_token ?? after_seq ?? 0 };
}
