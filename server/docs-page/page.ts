import { faults } from "../../core/fault.js";
import { steps } from "../../steps/all.js";
import type { StepDefinition } from "../../steps/step.js";
import { type OpenApi, openApi } from "../openapi/document.js";
import { anchorOf, fieldsOf } from "./fields.js";
import { type Html, html, json, line, prose, table } from "./html.js";
import { operationSection } from "./operation.js";

let made: string | undefined;

/** The API as a page to read; without scripts, and from this service alone. `base`: what stands before the API's paths. */
export function docsPage(base: string): string {
	made ??= bodyOf(openApi()).text;
	const head = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>flowdial API</title>
<link rel="stylesheet" href="${base}/docs/style.css">
</head>`;
	const link = html`href="${base}/openapi.json"`;
	const body = made.replace('href="/openapi.json"', () => link.text);
	return `${head.text}\n${body}\n</html>\n`;
}

const anchor = (name: string) => name.toLowerCase().replaceAll(/\W+/g, "-");

function bodyOf(document: OpenApi): Html {
	const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({
			...{ path, method, operation },
			section: operationSection(path, method, operation, document),
		})),
	);
	const topics = document.tags.map((tag) => ({
		...tag,
		operations: operations.filter(({ operation }) =>
			operation.tags.includes(tag.name),
		),
	}));
	return html`<body>
<a class="skip" href="#content">To the content</a>
<nav aria-label="Contents"><ul>
${topics.map(
	({ name, operations }) => html`<li><a href="#${anchor(name)}">${name}</a><ul>
${operations.map(({ operation }) => html`<li><a href="#${operation.operationId}">${operation.summary}</a></li>`)}
</ul></li>`,
)}
<li><a href="#steps">Steps of a flow</a><ul>
${definitions.map(({ type }) => html`<li><a href="#${anchorOf(schemaOf(type))}">${type}</a></li>`)}
</ul></li>
<li><a href="#events">Events</a></li>
<li><a href="#errors">Errors</a></li>
<li><a href="#schemas">Schemas</a></li>
</ul></nav>
<main id="content">
<h1>flowdial API</h1>
${prose(document.info.description)}
<p>The same for programs: <a href="/openapi.json">openapi.json</a> (OpenAPI ${document.openapi}). Every path exists under <code>/api/v2</code> too.</p>
<h2 id="credentials">The credential</h2>
${Object.values(document.components.securitySchemes).flatMap(({ description }) => prose(description))}
${topics.map(
	({
		name,
		description,
		operations,
	}) => html`<h2 id="${anchor(name)}">${name}</h2>
${prose(description)}
${operations.map(({ section }) => section)}`,
)}
${stepSections(document)}
${eventSections(document)}
${errorSection()}
${schemaSections(document)}
</main>
</body>`;
}

const definitions: readonly StepDefinition[] = steps.map(
	(step) => step as StepDefinition, // any definition is one of unknown fields
);

/** `keypad` is `KeypadStep`. */
const schemaOf = (type: string) =>
	`${type.charAt(0).toUpperCase()}${type.slice(1)}Step`;

function stepSections({ components }: OpenApi): Html {
	const sections = definitions.map(({ type, summary, outcomes, examples }) => {
		const name = schemaOf(type);
		const rows = Object.entries(outcomes).map(([outcome, { says, edges }]) => [
			html`<code>${outcome}</code>`,
			html`${says}`,
			html`${edges.join(", else ") || "the flow ends"}`,
		]);
		return html`<section id="${anchorOf(name)}">
<h3><a href="#${anchorOf(name)}">${type}</a></h3>
<p>${summary}</p>
${fieldsOf(`Fields of ${type}`, components.schemas[name] ?? {})}
<h4>Outcomes</h4>
${table(`Outcomes of ${type}`, ["outcome", "when", "then"], rows)}
${examples.slice(0, 1).map(({ title, step }) => html`<p>For example: ${title}</p>${json({ id: 1, type, ...step })}`)}
</section>`;
	});
	return html`<h2 id="steps">Steps of a flow</h2>
<p>A flow is a list of steps; the first is a call. Texts may hold variables, <code>&lt;&lt;name&gt;&gt;</code>.</p>
${sections}`;
}

function eventSections({ webhooks, components }: OpenApi): Html {
	const sections = Object.entries(webhooks).map(([type, { post }]) => {
		const { schema } = post.requestBody.content["application/json"];
		const name = String(schema.$ref).split("/").at(-1) ?? "";
		return html`<section id="${anchorOf(name)}">
<h3><a href="#${anchorOf(name)}">${type}</a></h3>
${fieldsOf(`Fields of ${type}`, components.schemas[name] ?? {})}
</section>`;
	});
	return html`<h2 id="events">Events</h2>
<p>Each is sent as a signed webhook to the call's publish address, until it is taken.</p>
${sections}`;
}

function errorSection(): Html {
	const rows = Object.entries(faults).map(([code, { http, says, retry }]) => [
		html`<code>${code}</code>`,
		html`${http}`,
		html`${says}`,
		html`${retry ? "yes" : "no"}`,
	]);
	return html`<h2 id="errors">Errors</h2>
${table("Errors", ["code", "status", "meaning", "worth another try"], rows)}`;
}

/** Those that are not shown above. */
function schemaSections({ components, webhooks }: OpenApi): Html {
	const shown = new Set([
		...definitions.map(({ type }) => schemaOf(type)),
		...Object.values(webhooks).map(({ post }) =>
			String(post.requestBody.content["application/json"].schema.$ref)
				.split("/")
				.at(-1),
		),
	]);
	const sections = Object.entries(components.schemas)
		.filter(([name]) => !shown.has(name))
		.map(
			([name, schema]) => html`<section id="${anchorOf(name)}">
<h3><a href="#${anchorOf(name)}">${name}</a></h3>
<p>${line(String(schema.description ?? ""))}</p>
${fieldsOf(`Fields of ${name}`, schema)}
</section>`,
		);
	return html`<h2 id="schemas">Schemas</h2>
${sections}`;
}
