import type { RequestHandler } from "express";
import { z } from "zod";
import type { AppDeps } from "../deps.js";
import { findCall } from "../find-call.js";
import { callAnswer, callView } from "../views.js";

export const shownCallAnswer = callAnswer
	.extend({
		position: z
			.int()
			.nullable()
			.describe("Its place in line, from 1; null where it does not wait"),
	})
	.meta({ id: "ShownCall", description: "A call, and its place in line" });

/** GET /calls/{id}, with its place in line while it waits. */
export function getCall({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const call = await findCall(store, request, response);
		const waits = call.status === "queued" || call.status === "scheduled";
		const position = waits ? (await store.queue.ahead(call)) + 1 : null;
		response.json({ ...callView(call), position } satisfies z.infer<
			typeof shownCallAnswer
		>);
	};
}
