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

/** The labels of what was scraped, by the names of the series, each with the values that it has. */
export function labelsOf(text: string): Map<string, Map<string, Set<string>>> {
	const found = new Map<string, Map<string, Set<string>>>();
	for (const one of series(text).keys()) {
		const [, name = "", inner = ""] = /^(\w+)(?:\{(.*)\})?$/.exec(one) ?? [];
		const labels = found.get(name) ?? new Map<string, Set<string>>();
		found.set(name, labels);
		for (const [, label = "", value = ""] of labelled(inner))
			labels.set(label, (labels.get(label) ?? new Set()).add(value));
	}
	return found;
}

/** Each label of a selector, with its value or the pattern for it. */
export const labelled = (inner: string) => inner.matchAll(/(\w+)=~?"([^"]*)"/g);
