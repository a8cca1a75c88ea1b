import type { ErrorRequestHandler, Response } from "express";
import { Fault, faults } from "../core/fault.js";
import type { Log } from "../core/log.js";

/** The last handler: every error becomes application/problem+json (RFC 9457), and what is not the client's is logged. */
export function problemHandler(log: Log): ErrorRequestHandler {
	return (error: unknown, request, response, _next) => {
		if (hasLeft(error, response)) return void response.destroy();
		const fault = asFault(error);
		if (fault.code === "INTERNAL")
			log.error({ err: error, method: request.method, path: request.path });
		if (response.headersSent) return void response.destroy(); // what was begun cannot become a problem
		answer(response, fault);
	};
}

/** Whether a client closed its connection before it had sent or got everything. */
function hasLeft(error: unknown, { headersSent }: Response): boolean {
	const code = error instanceof Error && "code" in error ? error.code : "";
	return (
		code === "ECONNABORTED" ||
		(headersSent && (code === "EPIPE" || code === "ECONNRESET"))
	);
}

/** A fault as RFC 9457 has it. */
export function problemOf(fault: Fault) {
	const { http, says } = faults[fault.code];
	return {
		type: `urn:flowdial:problem:${fault.code}`,
		title: says,
		status: http,
		code: fault.code,
		detail: fault.message,
		problems: fault.problems,
	};
}

function answer(response: Response, fault: Fault): void {
	const problem = problemOf(fault);
	const http = problem.status;
	// RFC 9110 §11.6.1: every 401 names the scheme.
	if (http === 401) response.set("WWW-Authenticate", 'Bearer realm="flowdial"');
	if (fault.retryAfterS !== undefined)
		response.set("Retry-After", String(Math.ceil(fault.retryAfterS)));
	response.status(http).type("application/problem+json").json(problem);
}

/** Faults as they are; of what express and its body parser throw, what the client did wrong; anything else is ours. */
function asFault(error: unknown): Fault {
	if (error instanceof Fault) return error;
	const { status, message } = error as { status?: unknown; message?: string }; // anything can be thrown; what is read is checked
	if (status === 413)
		return new Fault("BODY_TOO_LARGE", "A body has at most 1,000,000 bytes");
	if (status === 415)
		return new Fault(
			"BAD_REQUEST",
			"Content-Encoding: gzip, deflate, br or none are read",
		);
	if (status === 416)
		return new Fault("RANGE_NOT_SATISFIABLE", "The recording is shorter");
	if (typeof status === "number" && status >= 400 && status < 500)
		return new Fault("BAD_REQUEST", message);
	return new Fault("INTERNAL");
}
