import type { Table } from "./catalog.js";

/** docs/schema.md: what the migrations make. */
export function schemaPage(tables: readonly Table[]): string {
	return `<!-- Written by store/generate.ts (npm run generate): do not edit. -->

# Tables

What the newest migration leaves, as the catalog of PGlite and of PostgreSQL has it. Whoever reads it from outside flowdial reads an
inside: it changes without notice. The migrations are in \`store/migrations/\`.

${tables.map(section).join("\n\n")}
`;
}

function section({ name, columns, constraints, indexes, triggers }: Table) {
	const rows = columns.map(
		(column) =>
			`| \`${column.name}\` | ${column.type} | ${column.nullable ? "yes" : ""} | ${column.default === null ? "" : code(column.default)} |`,
	);
	const rules = [...constraints, ...indexes, ...triggers].map(
		(rule) => `- ${code(rule)}`,
	);
	return `## ${name}

| column | type | may be null | default |
| --- | --- | --- | --- |
${rows.join("\n")}

${rules.join("\n")}`;
}

const code = (text: string) => `\`${text.replaceAll("|", "\\|")}\``;
