import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerOptions,
	type ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import type { Express } from "express";
import type { Clock } from "../core/clock.js";
import { type Config, ConfigError } from "../core/config.js";
import { Fault, type FaultCode, message, type Problem } from "../core/fault.js";
import { problemOf } from "./problem.js";
import { unhurried } from "./unhurried.js";

/** What node's parser refuses, by its codes; all else is a bad request. */
const refusals: Readonly<Record<string, FaultCode>> = {
	HPE_HEADER_OVERFLOW: "HEADERS_TOO_LARGE",
	ERR_HTTP_REQUEST_TIMEOUT: "REQUEST_TIMEOUT",
};

const hints: Partial<Record<FaultCode, string>> & { BAD_REQUEST: string } = {
	HEADERS_TOO_LARGE: "send fewer or shorter headers",
	REQUEST_TIMEOUT: "send the whole request at once",
	BAD_REQUEST: "send the request as RFC 9112 has it",
};

/** The app behind an HTTP server whose own refusals are problem documents too. */
export function createHttpServer(
	app: Express,
	limits: Pick<
		ServerOptions,
		"requestTimeout" | "connectionsCheckingInterval"
	> = {},
): Server {
	type Handler = (
		request: IncomingMessage,
		response: ServerResponse,
		unreadable: () => void,
	) => void;
	const handle = app as unknown as Handler; // what an Express app is, besides what its types say
	const server = createServer(
		{ ...limits, requireHostHeader: false },
		(request, response) => {
			// RFC 9112 §3.2
			if (request.httpVersion === "1.1" && request.headers.host === undefined)
				return answer(response, "BAD_REQUEST", "There is no Host header", {
					...{ path: "$.headers.Host", hint: "name the host that is asked" },
				});
			// where the router cannot read the target, Express would answer in HTML
			handle(request, response, () =>
				answer(response, "BAD_REQUEST", "The request's target cannot be read", {
					...{ path: "$.path", hint: "write a path that begins with /" },
				}),
			);
		},
	);
	server.on("checkExpectation", (_request, response) =>
		answer(response, "EXPECTATION_FAILED", "Only 100-continue is known", {
			...{ path: "$.headers.Expect", hint: "leave it out" },
		}),
	);
	server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
		const isSlow = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
		if (isSlow && unhurried.has(socket)) return;
		if (!socket.writable || error.code === "ECONNRESET") socket.destroy();
		else refuse(socket, refusals[error.code ?? ""] ?? "BAD_REQUEST");
	});
	return server;
}

function answer(
	response: ServerResponse,
	code: FaultCode,
	detail: string,
	where: Problem,
): void {
	if (response.headersSent) return void response.destroy();
	const problem = problemOf(new Fault(code, detail, { problems: [where] }));
	const body = JSON.stringify(problem);
	response.writeHead(problem.status, {
		"Content-Type": "application/problem+json",
		"Content-Length": Buffer.byteLength(body),
	});
	response.end(body);
}

/** For a request of which not even a response could be made. */
function refuse(socket: Duplex, code: FaultCode): void {
	const problems = [{ path: "$", hint: hints[code] ?? hints.BAD_REQUEST }];
	const detail = "This is not HTTP as it should be";
	const fault = new Fault(code, detail, { problems });
	const problem = problemOf(fault);
	const body = JSON.stringify(problem);
	socket.end(
		[
			`HTTP/1.1 ${problem.status} ${problem.title}`,
			"Content-Type: application/problem+json",
			`Content-Length: ${Buffer.byteLength(body)}`,
			"Connection: close",
			"",
			body,
		].join("\r\n"),
	);
}

/** Resolves when it listens where the settings say; rejects with a ConfigError if it cannot. */
export function listening(
	server: Server,
	{ HTTP_HOST, HTTP_PORT }: Config,
): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("listening", resolve);
		server.once("error", (error) => {
			const words = `HTTP_HOST, HTTP_PORT: cannot listen at ${HTTP_HOST}:${HTTP_PORT}: ${message(error)}`;
			reject(new ConfigError(words));
		});
	});
}

/** For requests under way; a connection on which none ever came counts as such, too. */
const LAST_REQUESTS_MS = 2_000;

/** Resolves when its last request has its answer, or has had its time. */
export function closeServer(server: Server, clock: Clock): Promise<void> {
	return new Promise((resolve) => {
		const cancel = clock.after(
			LAST_REQUESTS_MS,
			() => server.closeAllConnections(),
			true,
		);
		server.close(() => {
			cancel();
			resolve();
		});
		server.closeIdleConnections();
	});
}
