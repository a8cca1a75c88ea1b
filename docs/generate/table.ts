const cell = (text: string) =>
	text.replaceAll("|", "\\|").replaceAll("\n", " ");

export function table(
	head: readonly string[],
	rows: readonly string[][],
): string {
	return [head, head.map(() => "---"), ...rows]
		.map((row) => `| ${row.map(cell).join(" | ")} |`)
		.join("\n");
}
