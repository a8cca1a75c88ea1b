import type { RequestHandler } from "express";
import { z } from "zod";
import { outcomes } from "../../core/outcome.js";
import { type CallRecord, callStatuses } from "../../store/store.js";
import { pageAnswer } from "../answer.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { instant } from "../instant.js";
import { positionPage, readPositionPage } from "../position-page.js";
import { callAnswer, callView } from "../views.js";

export const filters = {
	status: z
		.enum(callStatuses, { error: `write one of ${callStatuses.join(", ")}` })
		.optional()
		.describe("Those that are so now"),
	outcome: z
		.enum(outcomes, { error: `write one of ${outcomes.join(", ")}` })
		.optional()
		.describe("Those that ended so"),
	number: z
		.string({ error: "write one number, as the call shows it" })
		.max(256, { error: "at most 256 characters" })
		// no text in a database holds a NUL
		.regex(/^[^\0]*$/, { error: "leave out the NUL" })
		.optional()
		.describe("Those to this number or address, written as the call shows it"),
	from: instant.optional().describe("Those created then or later"),
	to: instant.optional().describe("Those created before"),
	parent: z
		.guid({ error: "write the id of the call that it was arranged in" })
		.optional()
		.describe("Those that were arranged in the call with this id"),
};

export const callsAnswer = pageAnswer(callAnswer);

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
