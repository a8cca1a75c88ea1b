import type { RequestHandler } from "express";
import { z } from "zod";
import { outcomes } from "../../core/outcome.js";
import { callStatuses } from "../../store/call-list.js";
import type { CallRecord } from "../../store/store.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { instant } from "../instant.js";
import { positionPage, readPositionPage } from "../position-page.js";
import { callAnswer, callView } from "../views.js";

const filters = {
	status: z
		.enum(callStatuses, { error: `write one of ${callStatuses.join(", ")}` })
		.optional(),
	outcome: z
		.enum(outcomes, { error: `write one of ${outcomes.join(", ")}` })
		.optional(),
	number: z
		.string({ error: "write one number, as the call shows it" })
		.max(256, { error: "at most 256 characters" })
		// no text in a database holds a NUL
		.regex(/^[^\0]*$/, { error: "leave out the NUL" })
		.optional(),
	from: instant.optional(),
	to: instant.optional(),
	parent: z
		.guid({ error: "write the id of the call that it was arranged in" })
		.optional(),
};

export const callsAnswer = z.object({
	result: z.array(callAnswer).describe("Newest first"),
	next_page_token: z
		.string()
		.nullable()
		.describe("For page_token, as it is; null on the last page"),
});

/** GET /calls: the account's, newest first; `from` is the first instant of creation that counts, `to` the first that does not. */
export function getCalls({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { size, after, filter } = readPositionPage(filters, request.query);
		const { from, to: before, parent: parentCallId, ...same } = filter;
		const found = await store.calls.list(
			cloudIdOf(response),
			{ ...same, from, before, parentCallId },
			{ after, limit: size + 1 }, // one more tells whether there is another page
		);
		const position = ({ createdAt, id }: CallRecord) => ({ at: createdAt, id });
		response.json(positionPage(found, size, position, callView));
	};
}
