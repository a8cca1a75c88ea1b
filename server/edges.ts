import type { RequestHandler } from "express";
import { Fault } from "../core/fault.js";

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
		throw new Fault(
			"METHOD_NOT_ALLOWED",
			`${request.method} is not among what this path takes: ${allowed}`,
		);
	};
}

export const noSuchRoute: RequestHandler = (request) => {
	throw new Fault(
		"ROUTE_NOT_FOUND",
		`No route has the path ${request.path.slice(0, 200)}`,
	);
};
