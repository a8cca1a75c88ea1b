import type { Request, RequestHandler, Response, Router } from "express";
import { z } from "zod";
import { sleep } from "../../core/clock.js";
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

/** Calls are hung up within that, mostly. */
const PATIENCE_MS = 2_000;
const AGAIN_MS = 50;

/** 200 once the call has ended, or while it is still being ended; asking twice does no harm. */
function stop({ store, dispatcher, clock }: AppDeps): RequestHandler {
	return async (request, response) => {
		let shown = await find(store, request, response);
		if (shown.status !== "ended") await dispatcher.stop(shown.callId);
		const until = clock.monotonic() + PATIENCE_MS;
		while (shown.status !== "ended" && clock.monotonic() < until) {
			await sleep(clock, AGAIN_MS);
			shown = await find(store, request, response);
		}
		response.json(activeflowView(shown));
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
