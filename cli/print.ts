export type Row = Record<string, unknown>;

/** One thing: its fields, one a line. */
export function fieldsOf(thing: Row): string {
	const names = Object.keys(thing);
	const width = Math.max(...names.map(({ length }) => length));
	return names
		.map((name) => `${name.padEnd(width)}  ${shown(thing[name])}`)
		.join("\n");
}

/** Many: a table. */
export function tableOf(rows: readonly Row[], columns: string[]): string {
	const cells = [
		columns,
		...rows.map((row) => columns.map((column) => shown(row[column]))),
	];
	const widths = columns.map((_, index) =>
		Math.max(...cells.map((row) => row[index]?.length ?? 0)),
	);
	return cells
		.map((row) =>
			row
				.map((cell, index) => cell.padEnd(widths[index] ?? 0))
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}

/** One value on one line; a terminal obeys control characters. */
export function shown(value: unknown): string {
	if (value === null || value === undefined) return "-";
	if (Array.isArray(value)) return value.map(shown).join(",");
	const text =
		typeof value === "object" ? JSON.stringify(value) : String(value);
	return text.replace(/\p{Cc}/gu, "?");
}

/** A text whose line breaks stay; those after the first begin with the indent. */
export const shownLines = (text: string, indent = "") =>
	text.split("\n").map(shown).join(`\n${indent}`);
