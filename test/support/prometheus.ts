/** What was scraped: the value of each series, by its name and labels as they stand in the text. */
export function series(text: string): Map<string, number> {
	return new Map(
		text
			.split("\n")
			.filter((line) => line !== "" && !line.startsWith("#"))
			.map((line) => {
				const at = line.lastIndexOf(" ");
				return [line.slice(0, at), Number(line.slice(at + 1))];
			}),
	);
}
