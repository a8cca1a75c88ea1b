/** Where a JSON path stands in a text that is JSON: `$.flow[3].number`. Undefined where there is no such place. */
export function locate(
	text: string,
	path: string,
): { start: number; end: number } | undefined {
	return new Reader(text).find(keysOf(path));
}

/** `$.flow[3]["a b"]` → flow, 3, a b. */
function keysOf(path: string): string[] {
	const keys = path.matchAll(
		/\.([A-Za-z_]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g,
	);
	return [...keys].map(([, name, index, quoted]) =>
		quoted === undefined ? (name ?? index ?? "") : String(JSON.parse(quoted)),
	);
}

const token = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+)/y;

/** Reads JSON that JSON.parse has taken. */
class Reader {
	readonly #text: string;
	#at = 0;
	#start = 0;

	constructor(text: string) {
		this.#text = text;
	}

	find(keys: readonly string[]): { start: number; end: number } | undefined {
		const [key, ...rest] = keys;
		const first = this.#take();
		const start = this.#start;
		if (key === undefined) {
			this.#skip(first);
			return { start, end: this.#at };
		}
		if (first !== "{" && first !== "[") return undefined;
		const isList = first === "[";
		for (let index = 0; ; index++) {
			const mark = this.#at;
			const next = this.#take();
			if (next === "}" || next === "]" || next === "") return undefined;
			if (isList) this.#at = mark;
			else this.#take(); // the colon
			const name = isList ? String(index) : JSON.parse(next);
			if (name === key) return this.find(rest);
			this.#skip(this.#take());
			if (this.#take() !== ",") return undefined;
		}
	}

	/** The rest of a value whose first token was taken. */
	#skip(first: string): void {
		let depth = first === "{" || first === "[" ? 1 : 0;
		while (depth > 0) {
			const next = this.#take();
			if (next === "") return;
			if (next === "{" || next === "[") depth += 1;
			if (next === "}" || next === "]") depth -= 1;
		}
	}

	#take(): string {
		token.lastIndex = this.#at;
		const [, found = ""] = token.exec(this.#text) ?? [];
		if (found === "") return "";
		this.#at = token.lastIndex;
		this.#start = this.#at - found.length;
		return found;
	}
}
