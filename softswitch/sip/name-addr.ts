import { parameter } from "./parameters.js";

/** A From, To, Contact or Route value (RFC 3261 §20.10): `"name" <uri>;parameters` or `uri;parameters`. */
export interface NameAddr {
	/** Without quotes, "" if there is none. */
	display: string;
	uri: string;
	/** The parameters as written, from the first semicolon on. */
	parameters: string;
}

/** Never fails: of a value that makes no sense, as much as can be read. */
export function parseNameAddr(value: string): NameAddr {
	const open = openBracket(value);
	if (open < 0) {
		// RFC 3261 §20: without brackets, parameters after the URI are header parameters
		const semicolon = value.indexOf(";");
		const end = semicolon < 0 ? value.length : semicolon;
		return {
			display: "",
			uri: value.slice(0, end).trim(),
			parameters: value.slice(end).trim(),
		};
	}
	const close = value.indexOf(">", open);
	const end = close < 0 ? value.length : close;
	const name = value.slice(0, open).trim();
	return {
		display: name.startsWith('"')
			? name.slice(1, -1).replace(/\\(.)/g, "$1")
			: name,
		uri: value.slice(open + 1, end).trim(),
		parameters: value.slice(end + 1).trim(),
	};
}

/** The URI of a From, To, Contact, Route or Record-Route value. */
export function uriOf(value: string): string {
	return parseNameAddr(value).uri;
}

/** The tag parameter of a From or To value, "" without one. */
export function tagOf(value: string): string {
	return parameter(value, "tag") ?? "";
}

/** Index of the "<" that opens the URI, not one inside a quoted display name; -1 without brackets. */
function openBracket(value: string): number {
	if (!value.includes("<")) return -1;
	const quoteless = value.indexOf('"') < 0;
	if (quoteless) return value.indexOf("<");
	let quoted = false;
	for (let at = 0; at < value.length; at += 1) {
		const character = value.charAt(at);
		if (quoted && character === "\\") at += 1;
		else if (character === '"') quoted = !quoted;
		else if (character === "<" && !quoted) return at;
	}
	return -1;
}

/** Adds `tag` to a From or To value that has none. */
export function withTag(value: string, tag: string): string {
	return tagOf(value) === "" ? `${value};tag=${tag}` : value;
}

/** Puts brackets around a bare address, so that its parameters stay the URI's or become the header's as written. */
export function bracketed(value: string): string {
	if (openBracket(value) >= 0) return value;
	const { uri, parameters } = parseNameAddr(value);
	return `<${uri}>${parameters}`;
}
