import type { RequestHandler } from "express";
import { faultAt } from "./fault-at.js";

/** Answers are data for their caller alone: never sniffed, cached, framed or run. */
export const answerHeaders: RequestHandler = (_request, response, next) => {
	response.set({
		"Cache-Control": "no-store",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options": "nosniff",
	});
	next();
};

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** For a path none of whose methods was asked for. */
export function only(...methods: Method[]): RequestHandler {
	const allowed = methods
		.map((method) => (method === "GET" ? "GET, HEAD" : method))
		.join(", ");
	return (request, response) => {
		response.set("Allow", allowed);
		const hint = `write ${allowed.includes(",") ? "one of " : ""}${allowed}`;
		throw faultAt("METHOD_NOT_ALLOWED", "$.method", hint, {
			value: request.method,
			detail: `This path takes no ${request.method}`,
		});
	};
}

export const noSuchRoute: RequestHandler = (request) => {
	throw faultAt(
		"ROUTE_NOT_FOUND",
		"$.path",
		"GET /openapi.json and /docs show the routes that there are",
		{
			value: request.path,
			detail: `No route has the path ${request.path.slice(0, 200)}`,
		},
	);
};
