import type { Request, RequestHandler, Response, Router } from "express";
import { z } from "zod";
import { activeflowToken, readActiveflowPage } from "../activeflow-page.js";
import { activeflowAnswer, activeflowView } from "../activeflow-view.js";
import { cloudIdOf } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { only } from "../edges.js";
import { findById } from "../find-by-id.js";
import { tokenInQuery } from "../token-in-query.js";

export const activeflowsAnswer = z.object({
	result: z.array(activeflowAnswer).describe("Newest first"),
	next_page_token: z
		.string()
		.describe(
			"For page_token; also on the last page, which an empty one follows: there it is empty",
		),
});

/** /v1.0/activeflows: calls for clients that know activeflows, which may send their token in the query. */
export function addActiveflowRoutes(
	api: Router,
	deps: AppDeps,
	read: RequestHandler,
	write: RequestHandler,
): void {
	api
		.route("/v1.0/activeflows")
		.get(tokenInQuery, read, list(deps))
		.all(only("GET"));
	api
		.route("/v1.0/activeflows/:id")
		.get(tokenInQuery, read, show(deps))
		.all(only("GET"));
	api
		.route("/v1.0/activeflows/:id/stop")
		.post(tokenInQuery, write, stop(deps))
		.all(only("POST"));
}

function list({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		const page = readActiveflowPage(request.query);
		const found = await store.activeflows.list(cloudIdOf(response), page);
		const last = found.at(-1);
		response.json({
			result: found.map(activeflowView),
			next_page_token: last
				? activeflowToken({ at: last.createdAt, id: last.callId })
				: "",
		});
	};
}

function show({ store }: AppDeps): RequestHandler {
	return async (request, response) => {
		response.json(activeflowView(await find(store, request, response)));
	};
}

/** 200 also while the call is being ended; asking twice does no harm. */
function stop({ store, dispatcher }: AppDeps): RequestHandler {
	return async (request, response) => {
		const { status, callId } = await find(store, request, response);
		if (status !== "ended") await dispatcher.stop(callId);
		response.json(activeflowView(await find(store, request, response)));
	};
}

const find = (
	{ activeflows }: AppDeps["store"],
	request: Request,
	response: Response,
) =>
	findById(request, "ACTIVEFLOW_NOT_FOUND", (id) =>
		activeflows.find(cloudIdOf(response), id),
	);
