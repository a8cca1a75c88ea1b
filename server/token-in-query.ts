import type { RequestHandler } from "express";
import { tokenCameAt } from "./auth.js";

/**
 * Takes `?token=` or `?accesskey=` for a Bearer token, where there is no Authorization header. For routes whose clients send it
 * so: no line of the log may hold a query.
 */
export const tokenInQuery: RequestHandler = (request, response, next) => {
	const { token, accesskey } = request.query;
	const given = token ?? accesskey;
	if (given !== undefined && request.headers.authorization === undefined) {
		// written twice it is none
		request.headers.authorization = `Bearer ${typeof given === "string" ? given : ""}`;
		tokenCameAt(token === undefined ? "$.accesskey" : "$.token", response);
	}
	next();
};
