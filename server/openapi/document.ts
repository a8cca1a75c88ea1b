import { z } from "zod";
import { events, webhookHeaders } from "./events.js";
import { faultResponse, faultsOf } from "./faults.js";
import type { RouteDoc, Topic } from "./route.js";
import { type JsonSchema, Schemas } from "./schemas.js";
import { topics } from "./topics.js";

export interface Parameter {
	name: string;
	in: string;
	required: boolean;
	description: string;
	schema: JsonSchema;
}
export interface Content {
	[type: string]: { schema: JsonSchema; example?: unknown };
}
export interface Body {
	description: string;
	required?: boolean;
	content?: Content;
}
export interface Operation {
	operationId: string;
	tags: string[];
	summary: string;
	description: string;
	security: Record<string, string[]>[];
	parameters: Parameter[];
	requestBody?: Body;
	responses: Record<string, Body | { $ref: string }>;
}
export type OpenApi = ReturnType<typeof makeDocument>;

let made: OpenApi | undefined;
/** The API as OpenAPI 3.1 describes it; made when it is asked for first. */
export const openApi = (): OpenApi => {
	made ??= makeDocument();
	return made;
};

function makeDocument() {
	const schemas = new Schemas();
	const responses: Record<string, Body> = {};
	const paths: Record<string, Record<string, Operation>> = {};
	for (const topic of topics)
		for (const doc of topic.routes) {
			const { method, path } = placeOf(doc);
			paths[path] ??= {};
			paths[path][method] = operation(doc, topic, schemas, responses);
		}
	return {
		openapi: "3.1.1",
		info: {
			title: "flowdial",
			version: "2.0.0",
			description: DESCRIPTION,
			license: { name: "MIT", identifier: "MIT" },
		},
		servers: [
			{ url: "/", description: "This service" },
			{ url: "/api/v2", description: "The same" },
		],
		tags: topics.map(({ name, says }) => ({ name, description: says })),
		paths,
		webhooks: webhooksOf(schemas),
		components: {
			schemas: schemas.named,
			responses,
			securitySchemes: { bearer: BEARER, ...IN_QUERY, session: SESSION },
		},
	};
}

const DESCRIPTION =
	"Programmable outbound calls: post a flow, a phone rings, speaks, takes digits, calls your API and connects people. Every error is a problem document (RFC 9457) that names each place in the request and what to do about it.";

const BEARER = {
	type: "http",
	scheme: "bearer",
	description:
		"`Authorization: Bearer <auth_token>`. In its place `cloud_id`, `cloud_sid` and `auth_token` may stand together in a JSON body, where a route takes them there; beside the header they may be left out, but what is given must be right. The scopes named with a route are those that its token must have.",
} as const;

const SESSION = {
	...{ type: "apiKey", in: "cookie", name: "flowdial_session" },
	description:
		"What POST /session sets in a browser. All but GET and HEAD want the header X-CSRF-Token beside it, and come from a page of this service.",
} as const;

const inQuery = (name: string) =>
	({
		...{ type: "apiKey", in: "query", name },
		description: `\`?${name}=<auth_token>\` in its place, on the routes of activeflows only.`,
	}) as const;
const IN_QUERY = { token: inQuery("token"), accesskey: inQuery("accesskey") };

/** Each entry is enough by itself. */
function securityOf({ scope, tokenInQuery }: RouteDoc): Operation["security"] {
	if (scope === "none") return [];
	const inQuery = tokenInQuery ? Object.keys(IN_QUERY) : [];
	const headerOrQuery = ["bearer", ...inQuery].map((scheme) => ({
		[scheme]: [scope],
	}));
	return [...headerOrQuery, { session: [] }];
}

/** `GET /calls/:id` is get at /calls/{id}. */
export function placeOf({ route }: { route: string }) {
	const [method = "", path = ""] = route.split(" ");
	return {
		method: method.toLowerCase(),
		path: path.replaceAll(/:(\w+)/g, "{$1}"),
	};
}

function operation(
	doc: RouteDoc,
	topic: Topic,
	schemas: Schemas,
	responses: Record<string, Body>,
): Operation {
	const { scope, says, summary } = doc;
	const { method, path } = placeOf(doc);
	const wanted =
		scope === "none" ? "Wants no credential." : `Scope: \`${scope}\`.`;
	const inQuery =
		doc.tokenInQuery && "The token may come as `?token=` or `?accesskey=` too.";
	const body = requestBody(doc, schemas);
	return {
		operationId: `${method}${path.replaceAll(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase()).replaceAll(/\W/g, "")}`,
		tags: [topic.name],
		summary,
		description: [says, wanted, inQuery].filter(Boolean).join(" "),
		security: securityOf(doc),
		parameters: [
			...parameters("path", doc.params, schemas),
			...parameters("query", doc.query, schemas),
			...parameters("header", headersOf(doc), schemas),
		],
		...(body && { requestBody: body }),
		responses: responsesOf(doc, schemas, responses),
	};
}

const idempotencyKey = {
	"idempotency-key": z
		.string()
		.regex(/^[\x21-\x7e]{1,255}$/)
		.optional()
		.describe(
			"However often it is sent with this key, it is done once, for 24 h",
		),
};

const headersOf = ({ headers, idempotent }: RouteDoc): z.ZodRawShape => ({
	...headers,
	...(idempotent && idempotencyKey),
});

function parameters(
	place: string,
	shape: z.ZodRawShape = {},
	schemas: Schemas,
): Parameter[] {
	return Object.entries(shape).map(([name, field]) => {
		const schema = field as z.ZodType; // of a shape that zod's own types leave open
		const { description = "", ...json } = schemas.of(schema, "input");
		return {
			...{ name, in: place, required: !schema.safeParse(undefined).success },
			...{ description: String(description), schema: json },
		};
	});
}

/** As auth.ts compares them. */
const written = z.union([z.string(), z.number()]).optional();
const credentials = {
	cloud_id: written.describe("The account"),
	cloud_sid: written.describe("The account's sid"),
	auth_token: written.describe("The account's token"),
};

/** A DELETE takes none: RFC 9110 §9.3.5 gives it no meaning. */
function requestBody(doc: RouteDoc, schemas: Schemas): Body | undefined {
	const { route, scope, headerOnly, body = {}, example } = doc;
	if (/^(GET|DELETE) /.test(route)) return undefined;
	const isCredential = !headerOnly && scope !== "none";
	const fields = { ...(isCredential && credentials), ...body };
	if (Object.keys(fields).length === 0) return undefined;
	const schema = z.strictObject(fields);
	const json = {
		schema: schemas.of(schema, "input"),
		...(example && { example }),
	};
	return {
		description: "A JSON object",
		required: !schema.safeParse({}).success,
		content: { "application/json": json },
	};
}

function responsesOf(
	doc: RouteDoc,
	schemas: Schemas,
	shared: Record<string, Body>,
): Operation["responses"] {
	const answers = Object.entries(doc.answers).map(
		([status, { says, json, type }]): [string, Body] => {
			if (json)
				return [
					status,
					{
						description: says,
						content: {
							"application/json": { schema: schemas.of(json, "output") },
						},
					},
				];
			const content = type && { [type]: { schema: {} } };
			return [status, { description: says, ...(content && { content }) }];
		},
	);
	const found: Operation["responses"] = Object.fromEntries(answers);
	for (const [status, codes] of faultsOf(doc)) {
		const own = found[status] as Body | undefined; // no reference is among the answers
		const response = faultResponse(codes, schemas);
		const name = codes.join(".");
		if (own)
			found[status] = {
				description: `${own.description}\n\n${response.description}`,
				content: { ...own.content, ...response.content },
			};
		else {
			shared[name] ??= response;
			found[status] = { $ref: `#/components/responses/${name}` };
		}
	}
	return found;
}

/** What flowdial itself sends. */
function webhooksOf(schemas: Schemas) {
	const sent = events.map(({ type, schema }) => {
		const post = {
			summary: `The event ${type}`,
			description:
				"Sent to the call's publish address, signed, until it is taken: at least once (docs/webhooks.md).",
			parameters: parameters("header", webhookHeaders, schemas),
			requestBody: {
				description: "The event",
				content: {
					"application/json": { schema: schemas.of(schema, "output") },
				},
			},
			responses: {
				"2XX": { description: "It is taken" },
				"410": { description: "Nothing more is sent there" },
				default: { description: "It is sent again" },
			},
		};
		return [type, { post }] as const;
	});
	return Object.fromEntries(sent);
}
