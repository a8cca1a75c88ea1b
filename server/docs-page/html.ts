/** Text that is HTML already. */
export class Html {
	readonly text: string;
	constructor(text: string) {
		this.text = text;
	}
}

type Part = string | number | Html | readonly Html[];

/** A template whose values are escaped, unless they are HTML themselves. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
	const texts = parts.map(textOf);
	return new Html(
		strings.map((one, index) => one + (texts[index] ?? "")).join(""),
	);
}

function textOf(part: Part): string {
	if (part instanceof Html) return part.text;
	if (typeof part === "object") return part.map(({ text }) => text).join("\n");
	return escaped(String(part));
}

const escaped = (text: string) =>
	text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;")
		.replaceAll("'", "&#39;");

/** Words as the descriptions are written: paragraphs, and `code`. */
export const prose = (text: string): Html[] =>
	text.split("\n\n").map((paragraph) => html`<p>${line(paragraph)}</p>`);

export const line = (text: string): Html[] => [
	new Html(
		text
			.split("`")
			.map((part, index) =>
				index % 2 === 1 ? html`<code>${part}</code>`.text : escaped(part),
			)
			.join(""),
	),
];

/** One that is wider than the screen is scrolled by itself, by keys too. */
export const table = (
	label: string,
	head: readonly string[],
	rows: readonly (readonly Part[])[],
): Html => html`<div class="table" role="region" aria-label="${label}" tabindex="0"><table>
<thead><tr>${head.map((one) => html`<th scope="col">${one}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((one) => html`<td>${one}</td>`)}</tr>`)}</tbody>
</table></div>`;

export const json = (value: unknown): Html =>
	html`<pre tabindex="0"><code>${JSON.stringify(value, null, 2)}</code></pre>`;
