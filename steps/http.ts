import { z } from "zod";
import { checkUrl } from "../core/http.js";
import {
	checkStart,
	edgesNamed,
	entries,
	nextStep,
	seconds,
	variableName,
	webUrl,
} from "./fields.js";
import { reads } from "./fill.js";
import { parsePath, readPath } from "./json-path.js";
import { defineStep, type Finding, type StepResult } from "./step.js";

const LONGEST_BODY = 65_536;
const LONGEST_ANSWER_BYTES = 1_048_576;
const MOST_ENTRIES = 50;
const HTTPS_ONLY =
	"sensitive digits are sent to an https address only; begin it with https://";
const NO_FAIL: Finding = {
	severity: "warning",
	field: "flow",
	hint: "where the server does not answer with 2xx, the callee is hung up on: add the edge fail",
};
const EXAMPLE_URL = "https://api.example.com/accounts/<<account_id>>";
const VARIABLES = { account_id: "1234", token: "secret" };

/** RFC 9110 §5.1: a field name is a token. */
const headerName = z
	.string()
	.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, {
		error: "not a header's name",
	})
	// The connection is the service's, and so is how a body is framed on it (RFC 9110 §7.6.1).
	.refine(
		(name) =>
			!/^(host|content-length|transfer-encoding|connection|upgrade|te|trailer|expect|keep-alive|proxy-.*)$/i.test(
				name,
			),
		{ error: "the service itself sets this header" },
	);

// RFC 9110 §5.5: no control characters but tab.
const headerValue = z.string().regex(/^[\t\P{Cc}]{0,2048}$/u, {
	error: "a header is up to 2048 characters without control characters",
});

const path = z
	.string()
	.max(256)
	.refine((text) => parsePath(text) !== null, {
		error: "write a path such as $.account.names[0]",
	});

/** JSON may be written as it is; it becomes a string. */
const body = z.unknown().transform((value, issues): string => {
	const text = typeof value === "string" ? value : asJson(value);
	if (text !== null && text.length <= LONGEST_BODY) return text;
	issues.addIssue({
		code: "custom",
		message: `write a string or JSON of up to ${LONGEST_BODY} characters`,
	});
	return z.NEVER;
});

function asJson(value: unknown): string | null {
	if (typeof value !== "object" || value === null) return null;
	try {
		return JSON.stringify(value);
	} catch {
		// A RangeError: JSON.parse takes deeper nesting than JSON.stringify does.
		return null;
	}
}

export const http = defineStep({
	type: "http",
	aliases: [],
	summary: "Sends an HTTP request and branches on its answer.",
	fields: {
		url: webUrl.describe("http or https address"),
		method: z
			.enum(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"], {
				error: "no such method",
			})
			.default("GET")
			.describe("GET (if left out), POST, PUT, PATCH, DELETE or HEAD"),
		headers: entries(headerName, headerValue, MOST_ENTRIES)
			.optional()
			.describe("Request headers by name"),
		body: body
			.optional()
			.describe("What is sent: a string, or JSON written as it is"),
		timeout: seconds(0.1, 60)
			.default(10)
			.describe("Seconds for the whole exchange, 0.1 to 60 (10 if left out)"),
		variables: entries(variableName, path, MOST_ENTRIES)
			.optional()
			.describe("Variables to copy from a JSON answer: name to path, $.a.b[0]"),
		flow: edgesNamed(["success", "fail"])
			.optional()
			.describe(
				"Where to go: success after a status of 2xx, fail after anything else",
			),
		next_step: nextStep,
	},
	templates: {
		url: "url",
		headers: "header",
		body: { placeIn: (step) => placeOf(contentType(step)) },
	},
	takesSensitive: ["headers", "body"],
	secret: ["headers", "body"],
	outcomes: {
		success: {
			says: "The answer's status was 2xx",
			edges: ["flow.success", "next_step"],
		},
		fail: {
			says: "Another status, no answer in time, or an address that is not allowed",
			edges: ["flow.fail", "next_step"],
		},
		hangup: { says: "The callee hung up", edges: [] },
	},
	waitsFor: "server",
	sets: ({ variables = {} }) => ["http.status", ...Object.keys(variables)],
	examples: [
		{
			title: "Look an account up",
			step: {
				url: EXAMPLE_URL,
				headers: { Authorization: "Bearer <<token>>" },
				variables: { name: "$.owner.names[0]" },
				flow: { success: "greet", fail: "sorry" },
			},
			variables: VARIABLES,
			outside: {
				http: { status: 200, body: '{"owner": {"names": ["Ada"]}}' },
			},
			outcome: "success",
		},
		{
			title: "Send a vote",
			step: {
				url: "https://api.example.com/votes",
				method: "POST",
				body: { vote: "<<vote>>" },
			},
			variables: { vote: "2" },
			outside: { http: { status: 500 } },
			outcome: "fail",
		},
		{
			title: "No answer",
			step: { url: EXAMPLE_URL, timeout: 2 },
			variables: VARIABLES,
			outside: { http: null },
			outcome: "fail",
		},
		{
			title: "The callee hangs up",
			step: { url: EXAMPLE_URL },
			variables: VARIABLES,
			outside: { hangsUp: true },
			outcome: "hangup",
		},
	],
	check({ url, headers, body, flow, next_step }, facts) {
		const { sensitive } = facts;
		const carries = reads(headers, sensitive) || reads(body, sensitive);
		if (carries && url !== undefined && /^http:/i.test(url))
			return [{ severity: "problem", field: "url", hint: HTTPS_ONLY }];
		const hasFail = !flow?.success || flow.fail || next_step;
		return [...checkStart(url, facts), ...(hasFail ? [] : [NO_FAIL])];
	},
	async execute(step, context) {
		const { carriesSensitive } = context;
		const complaint = complaintOf(step, carriesSensitive);
		if (complaint !== null) return resultOf(step, null, complaint);
		const result = await context.http.request({
			method: step.method,
			url: step.url,
			headers: headersOf(step),
			...(step.body === undefined ? {} : { body: step.body }),
			timeoutMs: step.timeout * 1_000,
			maxBytes: LONGEST_ANSWER_BYTES,
			// sensitive digits go where the flow says and nowhere else
			followRedirects: !carriesSensitive,
			signal: context.over,
		});
		if (context.over.aborted) return { outcome: "hangup" };
		return result.kind === "failed"
			? resultOf(step, null, result.detail)
			: resultOf(step, {
					status: result.status,
					body: result.body.toString("utf8"),
				});
	},
	simulate(step, { http: answer = { status: 200 }, ...outside }) {
		if (outside.hangsUp) return { outcome: "hangup" };
		const complaint = complaintOf(step, outside.carriesSensitive === true);
		return complaint === null
			? resultOf(step, answer)
			: resultOf(step, null, complaint);
	},
});

/** Why nothing is sent to the filled address; null if it is. */
function complaintOf(
	{ url }: { url: string },
	carriesSensitive: boolean,
): string | null {
	const complaint = checkUrl(url);
	if (complaint !== null) return `the URL ${complaint}`;
	const isOpen = new URL(url).protocol !== "https:";
	return carriesSensitive && isOpen ? HTTPS_ONLY : null;
}

interface Answer {
	status: number;
	body?: string;
}

function resultOf(
	step: { variables?: Record<string, string> | undefined },
	answer: Answer | null,
	whyNone = "no answer",
): StepResult<"success" | "fail"> {
	const status = answer?.status ?? 0;
	const json = parse(answer?.body ?? "");
	const copied = Object.entries(step.variables ?? {}).map(
		([name, from]): [string, string] => [
			name,
			asText(readPath(json, parsePath(from) ?? [])),
		],
	);
	const variables = {
		...Object.fromEntries(copied),
		"http.status": String(status),
	};
	if (status >= 200 && status < 300) return { outcome: "success", variables };
	const detail = answer ? `answered ${status}` : whyNone;
	return { outcome: "fail", variables, detail };
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

function asText(value: unknown): string {
	if (typeof value === "object") return asJson(value) ?? "";
	return value === undefined ? "" : String(value);
}

interface Sent {
	headers?: Record<string, string> | undefined;
	body?: string | undefined;
}

function headersOf(step: Sent): Record<string, string> {
	return step.body === undefined || written(step) !== undefined
		? { ...step.headers }
		: { ...step.headers, "Content-Type": contentType(step) };
}

/** What the body is: as the headers say, else JSON if it begins like an object or a list. */
function contentType(step: Sent): string {
	const guess = /^\s*(?:\[|\{(?!\{))/.test(step.body ?? "")
		? "application/json"
		: "text/plain; charset=utf-8";
	return written(step) ?? guess;
}

function written({ headers = {} }: Sent): string | undefined {
	return Object.entries(headers).find(
		([name]) => name.toLowerCase() === "content-type",
	)?.[1];
}

function placeOf(type: string) {
	if (/\bjson\b/i.test(type)) return "json";
	return /x-www-form-urlencoded/i.test(type) ? "url" : "text";
}
