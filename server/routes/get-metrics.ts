import type { RequestHandler } from "express";
import type { AppDeps } from "../deps.js";

/** GET /metrics: what Prometheus scrapes. */
export function getMetrics({ metrics }: AppDeps): RequestHandler {
	return async (_request, response) => {
		const text = await metrics.text();
		response.set("Content-Type", metrics.contentType).send(text);
	};
}
