import type { IncomingHttpHeaders } from "node:http";
import type { LookupFunction } from "node:net";
import axios, {
	type AxiosRequestConfig,
	type AxiosResponse,
	isAxiosError,
} from "axios";
import { unlessAborted } from "./abort.js";
import { systemClock } from "./clock.js";
import { message } from "./fault.js";
import { type HttpAllow, HttpGuard, isRefusal } from "./http-guard.js";
import { followed, type Hop, sendable } from "./http-hop.js";
import { tell } from "./http-tell.js";

export type { HttpAllow } from "./http-guard.js";

export interface HttpRequest {
	method: string;
	/** http or https. */
	url: string;
	headers?: Record<string, string>;
	body?: string;
	/** For the whole exchange, redirects included. */
	timeoutMs: number;
	/** Of the answer's body, after decompression. */
	maxBytes: number;
	/** Whether a redirect is followed rather than answered; true unless said otherwise. */
	followRedirects?: boolean;
	signal?: AbortSignal;
}

export type HttpResult =
	/** Any status; header names are in lower case, `url` is the last one after redirects. */
	| {
			kind: "answered";
			status: number;
			headers: Record<string, string>;
			body: Buffer;
			url: string;
	  }
	| Failed;

interface Failed {
	kind: "failed";
	detail: string;
	/** The guard said no: address, scheme or redirect. */
	refused: boolean;
}

export interface HttpClient {
	/** Never throws for what the far end does. */
	request(request: HttpRequest): Promise<HttpResult>;
}

/** Its receiver bears to get it twice. */
export type Message = Omit<HttpRequest, "maxBytes" | "followRedirects">;

export interface Teller {
	/** Follows no redirect and reads nothing of the answer's body. Never throws for what the far end does. */
	tell(
		message: Message,
	): Promise<
		{ kind: "answered"; status: number; headers: IncomingHttpHeaders } | Failed
	>;
}

export interface GuardedHttpClient extends HttpClient, Teller {
	/** Whether the URL itself names an address that is refused; what a name resolves to is known only when it is asked for. */
	refuses(url: string): boolean;
}

const MAX_REDIRECTS = 5;
const MAX_REQUEST_BYTES = 10_000_000;

/** The client that http steps, media and webhooks share. It reaches public addresses and what `allow` names, nothing else. */
export function createHttpClient(options: {
	allow: HttpAllow;
	/** dns.lookup where not given. */
	lookup?: LookupFunction;
}): GuardedHttpClient {
	const guard = new HttpGuard(options.allow, options.lookup);
	return {
		refuses: (url) => guard.refuses(new URL(url)),
		async request(request) {
			const deadline = startDeadline(request);
			try {
				return await exchange(guard, request, deadline.signal);
			} finally {
				deadline.clear();
			}
		},
		async tell(message) {
			const { url } = message;
			const wrong = checkUrl(url);
			if (wrong) return failed(`the URL ${wrong}`, true);
			const to = new URL(url);
			const { signal, clear } = startDeadline(message);
			try {
				const route = await unlessAborted(guard.route(to), signal);
				const hop = { ...message, headers: sendable(message.headers ?? {}) };
				const answer = await tell(route, to, hop, signal);
				const { statusCode: status = 0 } = answer;
				return { kind: "answered", status, headers: answer.headers };
			} catch (error) {
				if (signal.aborted) return failed(String(signal.reason), false);
				return failure(error, to.host);
			} finally {
				clear();
			}
		},
	};
}

/** null = an http or https URL that may be tried; else what is wrong with it, in words. */
export function checkUrl(url: string): string | null {
	// The URL parser drops or repairs these in silence: what was checked would not be what was written.
	if (/[\s\p{Cc}\\]/u.test(url))
		return "holds white space, a control character or a backslash";
	if (url.length > 8000) return "is longer than 8,000 characters";
	if (!URL.canParse(url)) return "is not a URL";
	const { protocol, username, password } = new URL(url);
	if (protocol !== "http:" && protocol !== "https:")
		return `begins with ${protocol} but only http: and https: are allowed`;
	if (username !== "" || password !== "")
		return "holds a user name or password; send an Authorization header instead";
	return null;
}

/** One signal for the whole exchange: axios's own `timeout` starts anew with every byte that drips in. */
function startDeadline({ timeoutMs, signal }: Message) {
	const controller = new AbortController();
	const stop = () => controller.abort("the request was given up");
	const cancel = systemClock.after(timeoutMs, () =>
		controller.abort(`no complete answer within ${timeoutMs / 1000} s`),
	);
	if (signal?.aborted) stop();
	signal?.addEventListener("abort", stop, { once: true });
	return {
		signal: controller.signal,
		clear() {
			cancel();
			signal?.removeEventListener("abort", stop);
		},
	};
}

async function exchange(
	guard: HttpGuard,
	request: HttpRequest,
	signal: AbortSignal,
): Promise<HttpResult> {
	let hop: Hop = {
		method: request.method.toUpperCase(),
		url: request.url,
		headers: sendable(request.headers ?? {}),
		body: request.body,
	};
	for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
		const wrong = checkUrl(hop.url);
		if (wrong) return failed(`the URL ${wrong}`, true);
		const answer = await send(guard, hop, request.maxBytes, signal);
		if (answer.kind === "failed") return answer;
		const next =
			request.followRedirects === false
				? undefined
				: followed(hop, answer.status, answer.headers.location);
		if (!next) return { ...answer, url: hop.url };
		hop = next;
	}
	return failed(`more than ${MAX_REDIRECTS} redirects`, true);
}

// What axios would do by itself is switched off here: obey proxies from the environment, follow redirects past the guard,
// guess at bodies.
const client = axios.create({
	proxy: false,
	maxRedirects: 0,
	maxBodyLength: MAX_REQUEST_BYTES,
	responseType: "arraybuffer",
	validateStatus: () => true,
	transformRequest: [(body: unknown) => body],
	transformResponse: [(body: unknown) => body],
});

type Answer = Extract<HttpResult, { kind: "answered" }>;

async function send(
	guard: HttpGuard,
	hop: Hop,
	maxBytes: number,
	signal: AbortSignal,
): Promise<Answer | Failed> {
	const { host } = new URL(hop.url);
	try {
		const route = await unlessAborted(guard.route(new URL(hop.url)), signal);
		const response = await client.request<Buffer>({
			httpAgent: route.httpAgent,
			httpsAgent: route.httpsAgent,
			// axios hands it to net.connect untouched; only its type is narrower (family as 4 | 6).
			lookup: route.lookup as NonNullable<AxiosRequestConfig["lookup"]>,
			method: hop.method,
			url: hop.url,
			headers: {
				// Without one axios would call every body a form.
				"content-type": false,
				"user-agent": "flowdial",
				...hop.headers,
			},
			data: hop.body,
			maxContentLength: maxBytes,
			signal,
		});
		return answered(response, hop.url);
	} catch (error) {
		if (signal.aborted) return failed(String(signal.reason), false);
		if (isStale(error, hop.method)) return send(guard, hop, maxBytes, signal);
		const isTooLarge = message(error).startsWith("maxContentLength");
		if (isTooLarge)
			return failed(`the answer is larger than ${maxBytes} bytes`, false);
		return failure(error, host);
	}
}

function answered(response: AxiosResponse<Buffer>, url: string): Answer {
	const headers: Record<string, string> = {};
	for (const [name, value] of Object.entries(response.headers))
		headers[name.toLowerCase()] = Array.isArray(value)
			? value.join(", ")
			: String(value);
	return {
		kind: "answered",
		status: response.status,
		headers,
		body: response.data,
		url,
	};
}

/**
 * The server closed an idle connection just as it was used again. Sent once more where that does no harm; ends at a fresh
 * connection at the latest. RFC 9110 §9.2.2: not for POST and PATCH.
 */
function isStale(error: unknown, method: string): boolean {
	return (
		isAxiosError(error) &&
		error.response === undefined &&
		error.request?.reusedSocket === true &&
		(error.code === "ECONNRESET" || error.code === "EPIPE") &&
		["GET", "HEAD", "PUT", "DELETE", "OPTIONS"].includes(method)
	);
}

function failure(error: unknown, host: string): Failed {
	const { code = "" } = error as NodeJS.ErrnoException; // axios and Node name what happened alike
	// The address itself stays out of the words: it would tell the writer of a flow what stands in a private network.
	if (isRefusal(error))
		return failed(
			`the address of ${host} is private and HTTP_ALLOW does not name it`,
			true,
		);
	if (code === "ENOTFOUND" || code === "EAI_AGAIN")
		return failed(`${host} was not found (${code})`, false);
	return failed(message(error) || code || "the request failed", false);
}

function failed(detail: string, refused: boolean): Failed {
	return { kind: "failed", detail, refused };
}
