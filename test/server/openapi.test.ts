import { readdirSync, readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	type OpenApi,
	openApi,
	placeOf,
} from "../../server/openapi/document.js";
import { topics } from "../../server/openapi/topics.js";
import { steps } from "../../steps/all.js";
import { SLOW_MS } from "../store/data-dir.js";
import { users } from "../support/outside.js";
import { pathOf, wrongBy } from "./openapi-check.js";
import { routesOf } from "./routes.js";
import { bearer, type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp({ entities: users("5263") });
}, SLOW_MS);
afterAll(() => app.close());

const docs = topics.flatMap(({ routes }) => routes);
const examples = docs.flatMap((doc) =>
	doc.example ? [[doc.route, doc.example] as const] : [],
);

describe("the API's description", () => {
	it("is OpenAPI 3.1", async () => {
		const answer = await fetch(`${app.url}/openapi.json`);
		expect(answer.status).toBe(200);
		const document = (await answer.json()) as OpenApi;
		expect(document).toEqual(JSON.parse(JSON.stringify(openApi())));
		const validator = new Validator();
		const result = await validator.validate(
			document as object as Record<string, unknown>,
		); // it is JSON
		expect(result).toEqual({ valid: true });
		expect(validator.version).toBe("3.1");
	});

	it("has every route that there is, and no other", () => {
		const described = Object.entries(openApi().paths).flatMap(
			([path, methods]) =>
				Object.keys(methods).map((method) => `${method} ${path}`),
		);
		const served = routesOf(app.app).map((route) => {
			const { method, path } = placeOf({ route });
			return `${method} ${path}`;
		});
		expect(described.sort()).toEqual([...new Set(served)].sort());
	});

	it("has a description of every parameter, field and schema", () => {
		const without: string[] = [];
		walk(openApi(), "", (node, place) => {
			const isParameter = "in" in node && "schema" in node;
			if (isParameter && !node.description) without.push(place);
			const { properties } = node;
			if (node.type !== "object" || !properties) return;
			for (const [name, field] of Object.entries(
				properties as Record<string, object>,
			))
				if (!("description" in field || "$ref" in field || "enum" in field))
					without.push(`${place}/properties/${name}`);
		});
		expect(without).toEqual([]);
	});

	it("takes a token in the query where the routes do, as an alternative to the header", () => {
		const { paths, components } = openApi();
		const { security, parameters } = paths["/v1.0/activeflows/{id}"]?.get ?? {};
		expect(security).toEqual([
			{ bearer: ["calls:read"] },
			{ token: ["calls:read"] },
			{ accesskey: ["calls:read"] },
			{ session: [] },
		]);
		expect(parameters?.map(({ name }) => name)).toEqual(["id"]);
		for (const name of ["token", "accesskey"] as const)
			expect(components.securitySchemes[name]).toMatchObject({
				...{ type: "apiKey", in: "query", name },
			});
		expect(paths["/calls"]?.get?.security).toEqual([
			{ bearer: ["calls:read"] },
			{ session: [] },
		]);
	});

	it("has each parameter of each path", () => {
		for (const { path, params } of docs.map((doc) => ({
			...placeOf(doc),
			params: Object.keys(doc.params ?? {}),
		})))
			expect(params, path).toEqual(
				[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
			);
	});

	it.each(examples)("has an example that is right: %s", (route, example) => {
		const { method, path } = placeOf({ route });
		expect(wrongRequest(method, path, example)).toBeNull();
	});

	it.each(examples.filter(([route]) => !route.includes(":")))(
		"has an example that is taken: %s",
		async (route, example) => {
			const [method = "", path] = route.split(" ");
			const answer = await fetch(app.url + path, {
				...{ method, headers: bearer },
				body: JSON.stringify(example),
			});
			expect(answer.status, await answer.text()).toBeLessThan(300);
		},
	);
});

describe("the docs", () => {
	const requests = requestsIn("README.md", "docs");

	it("show requests", () => expect(requests.length).toBeGreaterThan(2));

	it("show each request and step of a step's examples", () => {
		const shown = requests.filter(([page]) => page.startsWith("docs/steps/"));
		const given = steps.flatMap(
			({ type, examples }) =>
				examples.map(({ step, variables }) =>
					JSON.stringify([type, step, variables]),
				), // those alike are shown once
		);
		expect(shown).toHaveLength(new Set(given).size);
	});

	it.each(requests)(
		"show a request as it is described: %s, %s",
		(_, route, body) => {
			const { method, path } = placeOf({ route });
			const template = pathOf(path);
			expect(wrongRequest(method, template ?? path, body)).toBeNull();
		},
	);

	it.each(requests.filter(([, route]) => route === "POST /call/flow"))(
		"show a flow that can run: %s",
		async (_page, _route, body) => {
			const answer = await app.post("/call/flow/validate", body);
			const said = (await answer.json()) as { warnings: { hint: string }[] };
			expect(said).toMatchObject({ valid: true, problems: [] });
			const unset = said.warnings.filter(({ hint }) =>
				/no step sets/.test(hint),
			);
			expect(unset).toEqual([]);
		},
	);
});

const wrongRequest = (method: string, path: string, body: unknown) =>
	wrongBy(
		...(["requests", body, "paths", path, method] as const),
		...["requestBody", "content", "application/json", "schema"],
	);

/** Requests with a body in code blocks of pages and of folders of pages: the page, method and path, the body. */
function requestsIn(...places: string[]): [string, string, unknown][] {
	const pages = places.flatMap((place) =>
		place.endsWith(".md")
			? [place]
			: readdirSync(place, { recursive: true, encoding: "utf8" })
					.filter((file) => file.endsWith(".md"))
					.map((file) => `${place}/${file}`),
	);
	return pages.flatMap((page) => {
		const blocks = readFileSync(page, "utf8").matchAll(/```\w*\n(.*?)\n```/gs);
		const texts = [...blocks].map(([, block = ""]) => block);
		const requests = texts
			.flatMap((block) => [...curls(block), ...plain(block)])
			.map(([route, json]): [string, string, unknown] => [
				...([page, route] as const),
				JSON.parse(json.replaceAll("[ … ]", JSON.stringify(example.flow))),
			]);
		return page.startsWith("docs/steps/")
			? [...requests, ...withSteps(requests, texts)]
			: requests;
	});
}

/** The first request of a step's page with each step that the page shows by itself in its place, and what that leads to after it. */
function withSteps(
	[first]: readonly [string, string, unknown][],
	texts: readonly string[],
): [string, string, unknown][] {
	if (!first) return [];
	const [page, route, body] = first;
	const request = body as { flow: Step[] }; // as pages write it
	return texts
		.filter((text) => text.startsWith("{"))
		.map((text) => {
			const step = JSON.parse(text) as Step;
			const { id, next_step, flow: edges = {} } = step;
			const steps = request.flow.map((one) => (one.id === id ? step : one));
			const after = new Set([...Object.values(edges), next_step]);
			for (const { id } of steps) after.delete(id);
			const others = [...after].flatMap((to) =>
				to ? [{ id: to, type: "play", text: "On it goes." }] : [],
			);
			return [page, route, { ...request, flow: [...steps, ...others] }];
		});
}

interface Step {
	id: string;
	next_step?: string;
	flow?: Record<string, string>;
}

const example = {
	flow: [{ id: 1, type: "call", number: "12345", caller_id: "1" }],
};

/** `curl … http://host/path … -d '{…}'` */
const curls = (block: string): [string, string][] =>
	[
		...block.matchAll(
			/^curl (.*?https?:\/\/[^/\s]+(\/\S*).*?) -d '(\{.*?\})'$/gms,
		),
	].map(([, words = "", path = "", json = ""]) => [
		`${/-X ([A-Z]+)/.exec(words)?.[1] ?? "POST"} ${path}`,
		json,
	]);

/** `POST /path` and the body below. */
const plain = (block: string): [string, string][] =>
	[...block.matchAll(/^((?:POST|PUT|PATCH) \/\S+)\n(\{.*\})/gms)].map(
		([, route = "", json = ""]) => [route, json],
	);

function walk(
	node: unknown,
	place: string,
	visit: (node: Record<string, unknown>, place: string) => void,
): void {
	if (typeof node !== "object" || node === null) return;
	if (!Array.isArray(node)) visit(node as Record<string, unknown>, place); // no list
	for (const [key, value] of Object.entries(node))
		if (!/^(example|examples|default)$/.test(key))
			walk(value, `${place}/${key}`, visit);
}
