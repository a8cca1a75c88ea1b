import type { Body, OpenApi, Operation } from "../openapi/document.js";
import { fieldsOf, typeName } from "./fields.js";
import { type Html, html, json, line, prose, table } from "./html.js";

/** One route: what it takes, and what it answers. */
export function operationSection(
	path: string,
	method: string,
	operation: Operation,
	document: OpenApi,
): Html {
	const { operationId, summary, description, parameters } = operation;
	const rows = parameters.map(({ name, in: place, required, ...one }) => [
		html`<code>${name}</code>${required ? html` <span class="required">required</span>` : html``}`,
		html`${place}`,
		typeName(one.schema),
		html`${line(one.description)}`,
	]);
	const head = ["parameter", "in", "type", "meaning"];
	return html`<section id="${operationId}">
<h3><a href="#${operationId}">${summary}</a></h3>
<p class="route"><span class="method ${method}">${method.toUpperCase()}</span> <code>${path}</code></p>
${prose(description)}
${rows.length > 0 ? table(`Parameters of ${summary}`, head, rows) : html``}
${operation.requestBody ? bodyOf(summary, operation.requestBody) : html``}
${answersOf(summary, operation, document)}
</section>`;
}

function bodyOf(summary: string, { content = {}, required }: Body): Html {
	const { schema = {}, example } = content["application/json"] ?? {};
	return html`<h4>Body${required ? "" : ", may be left out"}</h4>
${fieldsOf(`Body of ${summary}`, schema)}
${example === undefined ? html`` : html`<p>For example:</p>${json(example)}`}`;
}

function answersOf(
	summary: string,
	{ responses }: Operation,
	document: OpenApi,
): Html {
	const rows = Object.entries(responses).map(([status, response]) => {
		const { description, content = {} } =
			"$ref" in response
				? (document.components.responses[
						response.$ref.split("/").at(-1) ?? ""
					] ?? { description: "" })
				: response;
		const types = Object.entries(content).map(([type, { schema }]) =>
			type === "application/json"
				? typeName(schema)
				: html`<code>${type}</code>`,
		);
		return [html`${status}`, html`${prose(description)}`, html`${types}`];
	});
	return html`<h4>Answers</h4>
${table(`Answers of ${summary}`, ["status", "meaning", "body"], rows)}`;
}
