/**
 * Walks over `text` from `from` on and stops at the first of `stops` outside a quoted string and outside <…>; tells where,
 * the length if there is none, and whether a quote or bracket was still open there.
 */
function walk(
	text: string,
	stops: string,
	from: number,
): { at: number; open: boolean } {
	let quoted = false;
	let bracketed = false;
	for (let at = from; at < text.length; at += 1) {
		const character = text.charAt(at);
		if (quoted) {
			if (character === "\\") at += 1;
			else if (character === '"') quoted = false;
		} else if (character === '"') quoted = true;
		else if (bracketed) bracketed = character !== ">";
		else if (character === "<") bracketed = true;
		else if (stops !== "" && stops.includes(character))
			return { at, open: false };
	}
	return { at: text.length, open: quoted || bracketed };
}

function outside(text: string, stops: string, from = 0): number {
	return walk(text, stops, from).at;
}

/** Whether every quoted string and every < is closed. */
export function isBalanced(text: string): boolean {
	return !walk(text, "", 0).open;
}

/** Splits a header that may hold a list (RFC 3261 §7.3.1); empty members are left out. */
export function splitList(value: string): string[] {
	if (!value.includes(",")) return value === "" ? [] : [value];
	const members: string[] = [];
	for (let from = 0; from <= value.length; ) {
		const end = outside(value, ",", from);
		const member = value.slice(from, end).trim();
		if (member !== "") members.push(member);
		from = end + 1;
	}
	return members;
}

/**
 * A header parameter (`;name=value` outside quotes and <…>): its value without quotes, "" for a bare flag, undefined if
 * it is not there.
 */
export function parameter(value: string, name: string): string | undefined {
	let at = outside(value, ";");
	while (at < value.length) {
		const end = outside(value, ";", at + 1);
		const equals = value.indexOf("=", at);
		const stop = equals < 0 || equals > end ? end : equals;
		if (
			value
				.slice(at + 1, stop)
				.trim()
				.toLowerCase() === name
		)
			return unquote(value.slice(Math.min(stop + 1, end), end).trim());
		at = end;
	}
	return undefined;
}

function unquote(text: string): string {
	return text.length > 1 && text.startsWith('"') && text.endsWith('"')
		? text.slice(1, -1).replace(/\\(.)/g, "$1")
		: text;
}
