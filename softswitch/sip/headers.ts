/** Compact forms (RFC 3261 §7.3.3, §20) and the names they stand for. */
const COMPACT: Record<string, string> = {
	b: "Referred-By",
	c: "Content-Type",
	e: "Content-Encoding",
	f: "From",
	i: "Call-ID",
	k: "Supported",
	l: "Content-Length",
	m: "Contact",
	o: "Event",
	r: "Refer-To",
	s: "Subject",
	t: "To",
	u: "Allow-Events",
	v: "Via",
};

const WELL_KNOWN = [
	"Accept Alert-Info Allow Allow-Events Authorization Call-ID Contact Content-Disposition Content-Encoding",
	"Content-Length Content-Type CSeq Diversion Event Expires From Max-Forwards Min-Expires MIME-Version",
	"P-Asserted-Identity Proxy-Authenticate Proxy-Authorization Proxy-Require RAck Reason Record-Route Refer-To",
	"Referred-By Require Retry-After Route RSeq Server Session-Expires Subject Supported To Unsupported",
	"User-Agent Via Warning WWW-Authenticate",
]
	.join(" ")
	.split(" ");

interface Name {
	/** Lower case, long form: what headers are compared by. */
	key: string;
	/** As it is written on the wire. */
	wire: string;
}

/** Filled once with the usual spellings; names a peer invents are never added, so it cannot grow. */
const names = new Map<string, Name>();
for (const wire of WELL_KNOWN) {
	const name = { key: wire.toLowerCase(), wire };
	names.set(wire, name);
	names.set(name.key, name);
}
for (const [letter, wire] of Object.entries(COMPACT)) {
	const name = { key: wire.toLowerCase(), wire };
	names.set(letter, name);
	names.set(letter.toUpperCase(), name);
}

function nameOf(given: string): Name {
	const known = names.get(given);
	if (known) return known;
	const key = given.toLowerCase();
	const respelt = names.get(key);
	return respelt ?? { key, wire: given };
}

interface Entry extends Name {
	value: string;
}

/** A value can never end its header: CR, LF and NUL become a space. */
function oneLine(value: string): string {
	return /[\r\n\0]/.test(value) ? value.replace(/[\r\n\0]+/g, " ") : value;
}

/** The headers of one message, in order. Names compare without case, compact forms equal long ones. */
export class Headers {
	private entries: Entry[] = [];

	get size(): number {
		return this.entries.length;
	}

	/** The first value, or undefined. */
	get(name: string): string | undefined {
		const { key } = nameOf(name);
		for (const entry of this.entries) if (entry.key === key) return entry.value;
		return undefined;
	}

	has(name: string): boolean {
		return this.get(name) !== undefined;
	}

	/** Every value, one for each header line (parsed Via, Route and Record-Route lists are already one value a line). */
	all(name: string): string[] {
		const { key } = nameOf(name);
		const values: string[] = [];
		for (const entry of this.entries)
			if (entry.key === key) values.push(entry.value);
		return values;
	}

	count(name: string): number {
		const { key } = nameOf(name);
		let count = 0;
		for (const entry of this.entries) if (entry.key === key) count += 1;
		return count;
	}

	/** Replaces every header of this name by one; it keeps the first one's place. */
	set(name: string, value: string): this {
		const { key, wire } = nameOf(name);
		const at = this.entries.findIndex((entry) => entry.key === key);
		const entry = { key, wire, value: oneLine(value) };
		if (at < 0) {
			this.entries.push(entry);
			return this;
		}
		this.entries[at] = entry;
		if (this.count(name) > 1)
			this.entries = this.entries.filter(
				(other, index) => index === at || other.key !== key,
			);
		return this;
	}

	/** Replaces the value of the first header of this name and leaves others of it alone. */
	setFirst(name: string, value: string): this {
		const { key } = nameOf(name);
		const entry = this.entries.find((other) => other.key === key);
		if (entry) entry.value = oneLine(value);
		return this;
	}

	/** Adds one more header at the end. */
	add(name: string, value: string): this {
		const { key, wire } = nameOf(name);
		this.entries.push({ key, wire, value: oneLine(value) });
		return this;
	}

	/** Adds one more header before all others (Via grows at the top). */
	prepend(name: string, value: string): this {
		const { key, wire } = nameOf(name);
		this.entries.unshift({ key, wire, value: oneLine(value) });
		return this;
	}

	delete(name: string): this {
		const { key } = nameOf(name);
		if (this.entries.some((entry) => entry.key === key))
			this.entries = this.entries.filter((entry) => entry.key !== key);
		return this;
	}

	/** Lower-case long name, the name as written, and the value of each header in order. */
	*[Symbol.iterator](): Generator<{
		key: string;
		name: string;
		value: string;
	}> {
		for (const { key, wire, value } of this.entries)
			yield { key, name: wire, value };
	}

	/** The header lines, each ended by CRLF; Content-Length is left to the message. */
	toString(): string {
		let text = "";
		for (const { key, wire, value } of this.entries)
			if (key !== "content-length") text += `${wire}: ${value}\r\n`;
		return text;
	}
}
