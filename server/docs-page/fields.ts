import type { JsonSchema } from "../openapi/schemas.js";
import { type Html, html, line, table } from "./html.js";

/** What a JSON Schema says, as far as the page shows it. */
interface Shown {
	$ref?: string;
	type?: string | string[];
	const?: unknown;
	enum?: unknown[];
	format?: string;
	description?: string;
	default?: unknown;
	anyOf?: Shown[];
	oneOf?: Shown[];
	items?: Shown;
	properties?: Record<string, Shown>;
	required?: string[];
	additionalProperties?: Shown | boolean;
	minimum?: number;
	maximum?: number;
	maxLength?: number;
}

/** Where the page shows a schema that has a name. */
export const anchorOf = (name: string) => `schema-${name}`;

function typeOf(schema: Shown): Html {
	const { $ref, items, enum: words, additionalProperties } = schema;
	const choice = schema.anyOf ?? schema.oneOf;
	if ($ref) {
		const name = $ref.split("/").at(-1) ?? "";
		return html`<a href="#${anchorOf(name)}">${name}</a>`;
	}
	if (choice) return html`${joined(choice.map(typeOf))}`;
	if (schema.const !== undefined)
		return html`<code>${String(schema.const)}</code>`;
	if (words)
		return html`${joined(words.map((one) => html`<code>${String(one)}</code>`))}`;
	if (items) return html`list of ${typeOf(items)}`;
	if (typeof additionalProperties === "object" && !schema.properties)
		return html`object of ${typeOf(additionalProperties)}`;
	if (schema.format === "date-time") return html`instant`;
	if (schema.format === "uuid") return html`UUID`;
	return html`${[schema.type ?? "any JSON"].flat().join(" or ")}${limits(schema)}`;
}

const joined = (parts: readonly Html[]): Html[] =>
	parts.map((part, index) => (index === 0 ? part : html` or ${part}`));

function limits({ minimum, maximum, maxLength }: Shown): string {
	if (minimum !== undefined && maximum !== undefined)
		return `, ${minimum} to ${maximum}`;
	if (minimum !== undefined) return `, at least ${minimum}`;
	return maxLength === undefined ? "" : `, up to ${maxLength} characters`;
}

/** Rows of an object's fields, those of objects within it below them. */
function rowsOf(schema: Shown, prefix = ""): Html[][] {
	return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
		const isWanted = schema.required?.includes(name) ?? false;
		const { description = "" } = field;
		const fallback =
			field.default === undefined || field.default === null
				? html``
				: html` <span class="default">If left out: <code>${JSON.stringify(field.default)}</code></span>`;
		const inner = [field, ...(field.anyOf ?? [])].find((one) => one.properties);
		return [
			[
				html`<code>${prefix}${name}</code>${isWanted ? html` <span class="required">required</span>` : html``}`,
				typeOf(inner && !field.anyOf ? { type: "object" } : field),
				html`${line(description)}${fallback}`,
			],
			...(inner ? rowsOf(inner, `${prefix}${name}.`) : []),
		];
	});
}

/** A schema's fields, or what else it is. */
export function fieldsOf(label: string, schema: JsonSchema): Html {
	const shown = schema as Shown; // written by zod
	const rows = rowsOf(shown);
	return rows.length > 0
		? table(label, ["field", "type", "meaning"], rows)
		: html`<p>${typeOf(shown)}</p>`;
}

export const typeName = (schema: JsonSchema): Html => typeOf(schema as Shown); // written by zod
