import type { ErrorRequestHandler, Request, Response } from "express";
import { z } from "zod";
import { Fault, type FaultCode, faults } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { anotherRecording, faultAt, noSuchBytes } from "./fault-at.js";

/** One thing that is wrong or odd. */
export const problemSchema = z
	.object({
		path: z.string().describe("JSON path, such as $.flow[3].next_step"),
		value: z
			.unknown()
			.optional()
			.describe(
				"What stands there, shortened; left out where it may be secret",
			),
		hint: z.string().describe("What is wrong with it, or what to do"),
	})
	.meta({ id: "Place", description: "One thing that is wrong or odd" });

export const warningsAnswer = z
	.array(problemSchema)
	.describe("What is odd but can run");

// Object.keys forgets that these are exactly the keys, and that there are some.
const codes = Object.keys(faults) as [FaultCode, ...FaultCode[]];

export const problemAnswer = z
	.object({
		type: z.string().describe("urn:flowdial:problem: and the code"),
		title: z.string().describe("The code in words"),
		status: z.int().describe("The HTTP status"),
		code: z.enum(codes).describe("What is wrong"),
		detail: z.string().describe("What is wrong with this request"),
		problems: z
			.array(problemSchema)
			.describe("Where in the request, and what to do"),
	})
	.meta({ id: "Problem", description: "What is wrong, as RFC 9457 has it" });

/** The last handler: every error becomes application/problem+json (RFC 9457), and what is not the client's is logged. */
export function problemHandler(log: Log): ErrorRequestHandler {
	return (error: unknown, request, response, _next) => {
		if (hasLeft(error, response)) return void response.destroy();
		const fault = asFault(error, request);
		if (fault.code === "INTERNAL")
			log.error(
				{ err: error, method: request.method, path: unsigned(request.path) },
				"a request failed",
			);
		if (response.headersSent) return void response.destroy(); // what was begun cannot become a problem
		answer(request, response, fault);
	};
}

/** Without the signature that /media/{expires}/{signature} opens a file with. */
const unsigned = (path: string) =>
	path.replace(/^(\/media\/\d+\/)[^/]+/, "$1***");

/** Whether a client closed its connection before it had sent or got everything. */
function hasLeft(error: unknown, { headersSent }: Response): boolean {
	const code = error instanceof Error && "code" in error ? error.code : "";
	return (
		code === "ECONNABORTED" ||
		(headersSent && (code === "EPIPE" || code === "ECONNRESET"))
	);
}

/** A fault as RFC 9457 has it. */
export function problemOf(fault: Fault): z.infer<typeof problemAnswer> {
	const { http, says } = faults[fault.code];
	return {
		type: `urn:flowdial:problem:${fault.code}`,
		title: says,
		status: http,
		code: fault.code,
		detail: fault.message,
		problems: [...fault.problems],
	};
}

function answer(request: Request, response: Response, fault: Fault): void {
	const problem = problemOf(fault);
	const http = problem.status;
	// RFC 9110 §11.6.1: every 401 names the scheme.
	if (http === 401) response.set("WWW-Authenticate", 'Bearer realm="flowdial"');
	if (fault.retryAfterS !== undefined)
		response.set("Retry-After", String(Math.ceil(fault.retryAfterS)));
	response.status(http).type("application/problem+json");
	if (stillSends(request)) answerAtOnce(request, response, problem);
	else response.json(problem);
}

/** What is smaller is here as soon as its head is, and is not worth a connection. */
const SMALL_BYTES = 65_536;

const stillSends = ({ complete, headers }: Request) =>
	!complete &&
	(headers["transfer-encoding"] !== undefined ||
		Number(headers["content-length"] ?? 0) > SMALL_BYTES);

/** So much more of a body that nobody reads is taken, so that its client comes to see the answer. */
const MOST_IGNORED_BYTES = 1_000_000;

/** Answers while the body still comes, and closes the connection. */
function answerAtOnce(
	request: Request,
	response: Response,
	problem: unknown,
): void {
	const body = JSON.stringify(problem);
	response.set({
		Connection: "close",
		"Content-Length": String(Buffer.byteLength(body)),
	});
	response.write(body);
	let ignored = 0;
	request.on("data", (chunk: Buffer) => {
		ignored += chunk.length;
		if (ignored > MOST_IGNORED_BYTES) request.pause();
		if (request.isPaused()) response.end();
	});
	request.once("end", () => response.end());
	request.resume();
}

/** Faults as they are; of what express and its body parser throw, what the client did wrong; anything else is ours. */
function asFault(error: unknown, request: Request): Fault {
	if (error instanceof Fault) return error;
	const { status, message } = error as { status?: unknown; message?: string }; // anything can be thrown; what is read is checked
	if (status === 412) return anotherRecording();
	if (error instanceof URIError) {
		const hint = "write two hexadecimal digits after each %, %25 for % itself";
		return faultAt("BAD_REQUEST", "$.path", hint, { value: request.path });
	}
	if (status === 416) return noSuchBytes(request);
	if (typeof status === "number" && status >= 400 && status < 500)
		return faultAt("BAD_REQUEST", "$", message ?? "send it as HTTP has it");
	return new Fault("INTERNAL");
}
