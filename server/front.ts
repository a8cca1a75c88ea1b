import express, { type Express, type RequestHandler } from "express";
import { Fault } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { MediaShare } from "../core/media-share.js";
import { HttpShare } from "../media/http-share.js";
import { answerHeaders } from "./edges.js";
import { problemHandler } from "./problem.js";
import { getHealth } from "./routes/get-health.js";
import { mediaRoutes } from "./routes/media.js";

const START_S = 2;

export interface Front {
	app: Express;
	/** From now on the API answers. */
	open(api: Express): void;
}

/** What listens from the start: sounds and recordings, which FreeSWITCH asks for before the service can take calls, and the API as soon as there is one. */
export function createFront(share: MediaShare, log: Log): Front {
	let api: RequestHandler | null = null;
	const app = express().disable("x-powered-by").disable("etag");
	app.use(answerHeaders);
	if (share instanceof HttpShare) app.use(mediaRoutes(share));
	app.use((request, response, next) => {
		if (api) return api(request, response, next);
		if (request.path === "/healthz") return getHealth(request, response, next);
		throw new Fault("STARTING", undefined, { retryAfterS: START_S });
	});
	app.use(problemHandler(log));
	return {
		app,
		open: (opened) => {
			api = opened;
		},
	};
}
