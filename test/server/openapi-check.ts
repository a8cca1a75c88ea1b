import type { Server, ServerResponse } from "node:http";
import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { openApi } from "../../server/openapi/document.js";

type Json = Record<string, unknown>;

const ajv = new Ajv2020({
	...{ strict: false, allErrors: true },
	formats: {
		"date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
		uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
	},
});
// an answer may get new fields once they are documented
ajv.addSchema(closed(openApi()) as Json, "answers");
ajv.addSchema(openApi(), "requests");

/** The document, with objects that hold nothing but what they say. */
function closed(node: unknown): unknown {
	if (Array.isArray(node)) return node.map(closed);
	if (typeof node !== "object" || node === null) return node;
	const entries = Object.entries(node).map(([key, value]) => [
		key,
		// an example is no schema
		/^examples?$/.test(key) ? value : closed(value),
	]);
	const copy = Object.fromEntries(entries) as Json;
	if (copy.type === "object" && copy.properties)
		copy.additionalProperties ??= false;
	return copy;
}

const pointer = (...keys: string[]) =>
	keys
		.map((key) => key.replaceAll("~", "~0").replaceAll("/", "~1"))
		.map(encodeURIComponent)
		.join("/");

const validators = new Map<string, ValidateFunction>();

/** What is wrong with a value by the schema at that place of the document; null if nothing is. */
export function wrongBy(
	of: "answers" | "requests",
	value: unknown,
	...keys: string[]
): string | null {
	const ref = `${of}#/${pointer(...keys)}`;
	const validate = validators.get(ref) ?? ajv.compile({ $ref: ref });
	validators.set(ref, validate);
	return validate(value) ? null : JSON.stringify(validate.errors);
}

const paths = Object.keys(openApi().paths).map((path) => ({
	path,
	pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}/?$`, "i"),
}));

/** The path in the document that a request asks for. */
export const pathOf = (target: string): string | undefined => {
	const [asked = ""] = target.replace(/^\/api\/v2(?=\/)/i, "").split(/[?#]/);
	return paths.find(({ pattern }) => pattern.test(asked))?.path;
};

/** What no route of the document answers, and what does. */
const beside = ["ROUTE_NOT_FOUND", "METHOD_NOT_ALLOWED", "BAD_REQUEST"];

/** Which is for people. */
const dashboard = /^\/(?:$|assets\/)/;

interface Answer {
	method: string;
	target: string;
	status: number;
	type: string | undefined;
	text: string;
}

/** Whether a problem document says where, and what to do. */
function namesPlaces(text: string): boolean {
	const { problems = [] } = JSON.parse(text) as {
		problems?: { path: string; hint: string }[];
	};
	const isTold = ({ path, hint }: { path: string; hint: string }) =>
		path.startsWith("$") && /\w/.test(hint);
	return problems.length > 0 && problems.every(isTold);
}

/** What an answer has that the document does not say; null if nothing. */
export function driftOf(answer: Answer): string | null {
	const { status, text } = answer;
	if (status >= 400 && status < 500 && text !== "" && !namesPlaces(text))
		return "a 4xx that names no place, or no remedy";
	const asked = answer.method === "HEAD" ? "GET" : answer.method;
	const path = pathOf(answer.target);
	const operation =
		path && openApi().paths[path]?.[asked.toLowerCase()]
			? ["paths", path, asked.toLowerCase()]
			: undefined;
	const type = answer.type?.split(";")[0];
	if (!operation) {
		if (dashboard.test(answer.target)) return null;
		const { code } = JSON.parse(text || "{}") as { code?: string };
		if (beside.includes(code ?? "") || answer.method === "HEAD") return null;
		return "no such route in the document";
	}
	const { responses } = openApi().paths[path ?? ""]?.[operation[2] ?? ""] ?? {};
	const found = responses?.[status];
	if (!found) return "no such status in the document";
	const keys =
		"$ref" in found
			? found.$ref.slice(2).split("/")
			: [...operation, "responses", String(status)];
	const { content = {} } =
		"$ref" in found
			? (openApi().components.responses[keys[2] ?? ""] ?? {})
			: found;
	if (answer.method === "HEAD" || text === "")
		return answer.method === "HEAD" || Object.keys(content).length === 0
			? null
			: "no body, and the document has one";
	if (!type || !content[type]) return `no ${type} in the document`;
	if (!type.endsWith("json")) return null;
	return wrongBy(
		"answers",
		JSON.parse(text),
		...keys,
		"content",
		type,
		"schema",
	);
}

/** Holds every answer of a server against the document; `drift` is what it found. */
export function watchAnswers(server: Server): { drift: string[] } {
	const drift: string[] = [];
	server.prependListener("request", ({ method = "", url = "" }, response) => {
		collect(response, (text) => {
			const { statusCode: status } = response;
			const type = response.getHeader("content-type");
			const answer = { method, target: url, status, text };
			const wrong = driftOf({
				...answer,
				type: type && String(type),
			} as Answer);
			if (wrong)
				drift.push(
					`${method} ${url} ${status}: ${wrong}: ${text.slice(0, 500)}`,
				);
		});
	});
	return { drift };
}

/** Calls back with all of an answer that was sent whole. */
function collect(response: ServerResponse, done: (text: string) => void): void {
	const chunks: Buffer[] = [];
	const keep = (chunk: unknown) => {
		if (typeof chunk === "string" || chunk instanceof Uint8Array)
			chunks.push(Buffer.from(chunk));
	};
	const { write, end } = response;
	// both are overloaded; what they are called with is handed on as it is
	response.write = ((...given: Parameters<typeof write>) => {
		keep(given[0]);
		return write.apply(response, given);
	}) as typeof write;
	response.end = ((...given: Parameters<typeof end>) => {
		keep(given[0]);
		return end.apply(response, given);
	}) as typeof end;
	response.once("finish", () => done(Buffer.concat(chunks).toString()));
}
