interface Entry {
	name: string;
	value: string;
	/** As it stands in an event, "" if it stands in none; made once, since most variables never change. */
	json: string;
}

/** A channel's variables: names match whatever their case, an empty value removes (switch_channel.c: switch_channel_set_variable_var_check). */
export class Variables {
	readonly #entries = new Map<string, Entry>();

	get(name: string): string | undefined {
		return this.#entries.get(name.toLowerCase())?.value;
	}

	/** Throws NotEmulated on a name that would break a header line. */
	set(name: string, value: string | number | null): void {
		this.#put(name, value, (text) => {
			return `,${JSON.stringify(`variable_${name}`)}:${JSON.stringify(text)}`;
		});
	}

	/** The same for what is read once if at all: CHANNEL_DATA and uuid_dump carry it, other events do not. */
	note(name: string, value: string | number | null): void {
		this.#put(name, value, () => "");
	}

	#put(
		name: string,
		value: string | number | null,
		json: (text: string) => string,
	): void {
		if (!/^[\x21-\x39\x3b-\x7e]+$/.test(name))
			throw new NotEmulated(`the variable name "${name.slice(0, 40)}" is`);
		const text = value === null ? "" : String(value);
		const key = name.toLowerCase();
		if (text === "") this.#entries.delete(key);
		else this.#entries.set(key, { name, value: text, json: json(text) });
	}

	/** FreeSWITCH's switch_true(): yes, on, true, t, enabled, active, allow or a number but 0. */
	isTrue(name: string): boolean {
		return isTrue(this.get(name));
	}

	/** What an event carries, as members of a JSON object: each begins with a comma. */
	eventJson(): string {
		let members = "";
		for (const { json } of this.#entries.values()) members += json;
		return members;
	}

	*[Symbol.iterator](): IterableIterator<readonly [string, string]> {
		for (const { name, value } of this.#entries.values()) yield [name, value];
	}
}

export function isTrue(value: string | undefined): boolean {
	if (value === undefined) return false;
	return (
		/^(yes|on|true|t|enabled|active|allow)$/i.test(value) ||
		(/^[+-]?\d+$/.test(value) && Number(value) !== 0)
	);
}

/** What an argument asks for that must not be done here. */
export class NotEmulated extends Error {
	override readonly name = "NotEmulated";
	constructor(what: string) {
		super(`${what} not emulated`);
	}
}

/** Values may name each other; FreeSWITCH stops at a depth of 100, which still allows 2^100 of them. */
const MOST_REFERENCES = 1_000;
/** No argument of any use is longer. */
const LONGEST_EXPANSION = 65_536;

/**
 * Fills `${name}` from the channel's variables; a value is filled again, as FreeSWITCH does.
 * A stock FreeSWITCH runs `${system …}` as an API command: here anything but a plain name throws NotEmulated.
 */
export function expand(text: string, variables: Variables): string {
	let references = 0;
	const fill = (part: string): string => {
		if (!part.includes("$") && !part.includes("\\")) return part;
		let filled = "";
		for (let at = 0; at < part.length; ) {
			const reference = referenceAt(part, at);
			if (reference) {
				if (++references > MOST_REFERENCES)
					throw new NotEmulated("so many nested variables are");
				filled += fill(variables.get(reference.name) ?? "");
				at = reference.end;
			} else {
				const [written, read] = literalAt(part, at);
				filled += written;
				at += read;
			}
			if (filled.length > LONGEST_EXPANSION)
				throw new NotEmulated("so long a value is");
		}
		return filled;
	};
	return fill(text);
}

/** What one character, escaped or not, stands for, and how many were read. */
function literalAt(text: string, at: number): [written: string, read: number] {
	const two = text.slice(at, at + 2);
	if (two === "\\$") return ["$", 2];
	if (two === "\\\\") return ["\\", 2];
	if (two === "\\'") return ["", 2];
	return [text.charAt(at), 1];
}

function referenceAt(
	text: string,
	at: number,
): { name: string; end: number } | null {
	const opening = text.startsWith("$${", at)
		? 3
		: text.startsWith("${", at)
			? 2
			: 0;
	if (opening === 0) return null;
	const end = text.indexOf("}", at);
	const name = text.slice(at + opening, end < 0 ? undefined : end);
	if (end < 0 || !/^[\w.-]+$/.test(name))
		throw new NotEmulated(`\${${name.slice(0, 40)}} is`);
	return { name, end: end + 1 };
}
