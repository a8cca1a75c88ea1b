export interface JsonError {
	/** `line 3, column 7`, both from 1. */
	place: string;
	/** The character there; empty at the end of the text. */
	found: string;
	/** What is wrong with it, or what to do. */
	hint: string;
}

const LINE_FEED = 10;

/** What is wrong with a text that JSON.parse refused; its own message tells the place in some versions of Node only. */
export function describeJsonError(text: string): JsonError {
	const { position, wanted } = new Scanner(text).firstError();
	let line = 1;
	let lineAt = 0;
	for (let at = 0; at < position; at++) {
		if (text.charCodeAt(at) !== LINE_FEED) continue;
		line += 1;
		lineAt = at + 1;
	}
	const code = text.codePointAt(position);
	const found = code === undefined ? "" : String.fromCodePoint(code);
	return {
		place: `line ${line}, column ${position - lineAt + 1}`,
		found,
		hint: hintFor(found, wanted),
	};
}

/** What may come next; `string` is the rest of one that has begun. */
type Wanted = "value" | "name" | "colon" | "comma" | "end" | "string";

const space = /[ \t\r\n]*/y;
/** A string as far as it is right, without its closing quote: it always ends in front of what is wrong. */
const stringStart =
	// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 §7 forbids exactly these in strings
	/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const literal =
	/(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y;

/** Reads JSON (RFC 8259) up to the first character that cannot stand where it does. */
class Scanner {
	readonly #text: string;
	#position = 0;
	#wanted: Wanted = "value";
	/** Just behind an opening bracket, where the closing one may come too. */
	#fresh = false;
	/** The closing brackets that are owed. */
	readonly #owed: ("}" | "]")[] = [];

	constructor(text: string) {
		this.#text = text;
	}

	firstError(): { position: number; wanted: Wanted } {
		do this.#take(space);
		while (this.#step());
		return { position: this.#position, wanted: this.#wanted };
	}

	#step(): boolean {
		const next = this.#text.charAt(this.#position);
		const mayClose = this.#fresh || this.#wanted === "comma";
		this.#fresh = false;
		if (mayClose && next !== "" && next === this.#owed.at(-1)) {
			this.#owed.pop();
			return this.#pass(this.#afterValue());
		}
		switch (this.#wanted) {
			case "value":
				return this.#value(next);
			case "name":
				return next === '"' && this.#string("colon");
			case "colon":
				return next === ":" && this.#pass("value");
			case "comma":
				return (
					next === "," &&
					this.#pass(this.#owed.at(-1) === "}" ? "name" : "value")
				);
			default:
				return false;
		}
	}

	#value(next: string): boolean {
		if (next === "{" || next === "[") {
			this.#owed.push(next === "{" ? "}" : "]");
			this.#fresh = true;
			return this.#pass(next === "{" ? "name" : "value");
		}
		if (next === '"') return this.#string(this.#afterValue());
		if (!this.#take(literal)) return false;
		this.#wanted = this.#afterValue();
		return true;
	}

	#string(then: Wanted): boolean {
		this.#take(stringStart);
		this.#wanted = "string";
		return this.#text.charAt(this.#position) === '"' && this.#pass(then);
	}

	#afterValue(): Wanted {
		return this.#owed.length > 0 ? "comma" : "end";
	}

	#pass(then: Wanted): true {
		this.#position += 1;
		this.#wanted = then;
		return true;
	}

	#take(pattern: RegExp): boolean {
		pattern.lastIndex = this.#position;
		if (!pattern.test(this.#text)) return false;
		this.#position = pattern.lastIndex;
		return true;
	}
}

function hintFor(found: string, wanted: Wanted): string {
	if (found === "")
		return "the text ends too early; a bracket or a quote is not closed";
	if (wanted === "string")
		return found === "\\"
			? "JSON has no such escape; a backslash is written \\\\"
			: "a line break or control character in a string is written as an escape, \\n for example";
	if (/[“”„‟«»‘’‚‛]/.test(found))
		return `${found} is a typographic quote; JSON wants straight ones (")`;
	if (found === "'") return `JSON wants double quotes (")`;
	if (found === "#" || found === "/") return "JSON has no comments; remove it";
	if (found === "<") return "put a value in the place of the placeholder";
	if (found === "}" || found === "]")
		return wanted === "comma"
			? `${found} closes a bracket of the other kind`
			: `a value is missing in front of ${found}, or there is a comma too many`;
	return expectations[wanted];
}

const expectations: Record<Exclude<Wanted, "string">, string> = {
	value:
		"a value is wanted: a string in double quotes, a number, true, false, null, a list or an object",
	name: "a name in double quotes is wanted",
	colon: "a colon is wanted between a name and its value",
	comma: "a comma is wanted between two entries",
	end: "nothing may follow the JSON value",
};
