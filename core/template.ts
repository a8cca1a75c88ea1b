/** Of all values in one text, characters: 65,536 of templates could hold many thousand values. */
const MOST_FILLED = 100_000;

/** Every value is text; names are matched as they are written. */
export type Variables = ReadonlyMap<string, string>;

/** Where the filled text lands, and therefore what a value must not be able to do there. */
export type Place = "text" | "url" | "header" | "json";

// Letters, digits, `_`, `.` and `-`; anything else between the brackets is no template and stays as it is.
const placeholder =
	/<<\s*([A-Za-z0-9_.-]+)\s*>>|\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}/g;

/**
 * Fills `<<name>>` and `{{name}}`. Values are data: never expanded again, and unable to leave the place they land in.
 *
 * - `text`: as they are.
 * - `url`: percent-encoded; a value changes neither the host's end, nor the path's segments, nor the query's parameters.
 * - `header`: without control characters.
 * - `json`: escaped between quotes; standing bare, a JSON number, `true`, `false` or `null` stays what it is and anything
 *   else, nothing included, becomes a string.
 *
 * `unset` names the variables that had no value and count as empty, and those that came after so many values that the text would grow
 * without bound: they count as empty too.
 */
export function fill(
	template: string,
	variables: Variables,
	place: Place,
): { text: string; unset: string[] } {
	const names = namesIn(template);
	if (names.length === 0) return { text: template, unset: [] };
	const unset = new Set(names.filter((name) => !variables.has(name)));
	let left = MOST_FILLED;
	const read = (name: string): string => {
		const value = variables.get(name) ?? "";
		left -= value.length;
		if (left >= 0) return value;
		unset.add(name);
		return "";
	};
	return { text: writers[place](template, read), unset: [...unset] };
}

/** The variables a template reads, each once; none = not a template. */
export function namesIn(template: string): string[] {
	const names = new Set<string>();
	for (const match of template.matchAll(placeholder)) names.add(nameOf(match));
	return [...names];
}

function nameOf(match: readonly (string | undefined)[]): string {
	return match[1] ?? match[2] ?? "";
}

type Read = (name: string) => string;

const writers: Record<Place, (template: string, read: Read) => string> = {
	text: (template, read) => fillEach(template, read),
	header: (template, read) =>
		// C0, DEL and C1: CR and LF would begin a header of their own.
		fillEach(template, (name) => read(name).replaceAll(/\p{Cc}/gu, "")),
	url: fillUrl,
	json: fillJson,
};

function fillEach(template: string, read: Read): string {
	return template.replaceAll(placeholder, (...match) => read(nameOf(match)));
}

/** As the WHATWG URL parser knows them; it takes the percent-encoded form for the same. */
const dotSegment = /^(?:\.|%2e){1,2}$/i;

function fillUrl(template: string, read: Read): string {
	const encode = (part: string) =>
		fillEach(part, (name) => percentEncoded(read(name)));
	const pathEnd = /[?#]|$/.exec(template)?.index ?? template.length;
	const path = template
		.slice(0, pathEnd)
		.split(/([/\\])/)
		.map((segment) => {
			const filled = encode(segment);
			const climbs = filled !== segment && dotSegment.test(filled);
			// A value must not walk up the path, and one round of encoding would not stop it.
			return climbs ? filled.replaceAll(/\.|%2e/gi, "%252E") : filled;
		});
	return path.join("") + encode(template.slice(pathEnd));
}

function percentEncoded(value: string): string {
	// encodeURIComponent throws at half a surrogate pair; the detour by UTF-8 makes it U+FFFD.
	return encodeURIComponent(Buffer.from(value).toString());
}

const jsonLiteral =
	/^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;

function fillJson(template: string, read: Read): string {
	let filled = "";
	let end = 0;
	let position: "bare" | "quoted" | "escape" = "bare";
	for (const match of template.matchAll(placeholder)) {
		const before = template.slice(end, match.index);
		end = match.index + match[0].length;
		position = positionAfter(before, position);
		filled += before;
		const value = read(nameOf(match));
		if (position === "bare") {
			const isKey = /^\s*:/.test(template.slice(end));
			filled +=
				jsonLiteral.test(value) && !isKey ? value : JSON.stringify(value);
		} else {
			// A lone backslash in front of a placeholder would otherwise eat the value's own escape.
			filled += position === "escape" ? "\\" : "";
			filled += JSON.stringify(value).slice(1, -1);
			position = "quoted";
		}
	}
	return filled + template.slice(end);
}

/** Where in JSON one stands after reading `text`. */
function positionAfter(
	text: string,
	start: "bare" | "quoted" | "escape",
): "bare" | "quoted" | "escape" {
	let position = start;
	for (const character of text) {
		if (position === "escape") position = "quoted";
		else if (character === "\\" && position === "quoted") position = "escape";
		else if (character === '"')
			position = position === "bare" ? "quoted" : "bare";
	}
	return position;
}
