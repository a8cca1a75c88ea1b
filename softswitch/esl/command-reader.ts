import { isUtf8 } from "node:buffer";

/** One command as it came over the socket. */
export interface Command {
	/** The first line, e.g. `sendmsg <uuid>`. */
	line: string;
	/** The lines after it; names in lower case. */
	headers: ReadonlyMap<string, string>;
	body: string;
}

export type Reading =
	| { kind: "command"; command: Command }
	/** The command cannot be read; `fatal` when nothing after it can be either. */
	| { kind: "refused"; why: string; fatal: boolean };

/** Longest command without its body; fsmrf's longest are below 2 kB. */
const LONGEST_HEAD_BYTES = 65_536;
const LONGEST_BODY_BYTES = 262_144;

/** Cuts the bytes of one connection into commands: lines up to an empty one, then a body if Content-Length says so. */
export class CommandReader {
	#buffer: Buffer = Buffer.alloc(0);
	/** Where the search for the end of the head goes on, so that bytes sent one by one are not read over and over. */
	#searched = 0;
	/** Bytes the command in hand is known to need. */
	#needed = 0;
	#dead = false;

	*push(chunk: Buffer): Generator<Reading> {
		if (this.#dead) return;
		this.#buffer = this.#buffer.length
			? Buffer.concat([this.#buffer, chunk])
			: chunk;
		for (;;) {
			const reading = this.#next();
			if (!reading) return;
			yield reading;
			if (reading.kind === "refused" && reading.fatal) {
				this.#dead = true;
				this.#buffer = Buffer.alloc(0);
				return;
			}
		}
	}

	#next(): Reading | null {
		if (this.#buffer.length < this.#needed) return null;
		this.#skipEmptyLines();
		const end = this.#headEnd();
		if (end === null)
			return this.#buffer.length > LONGEST_HEAD_BYTES
				? refused("command too long", true)
				: null;
		if (end.at > LONGEST_HEAD_BYTES) return refused("command too long", true);
		const head = this.#buffer.subarray(0, end.at);
		const bodyBytes = contentLength(head);
		if (bodyBytes === null || bodyBytes > LONGEST_BODY_BYTES)
			return refused("invalid Content-Length", true);
		const bodyAt = end.at + end.length;
		this.#needed = bodyAt + bodyBytes;
		if (this.#buffer.length < this.#needed) return null;
		const body = this.#buffer.subarray(bodyAt, this.#needed);
		this.#buffer = this.#buffer.subarray(this.#needed);
		this.#searched = this.#needed = 0;
		if (!isUtf8(head) || !isUtf8(body))
			return refused("command is not UTF-8", false);
		return { kind: "command", command: parse(head, body) };
	}

	#skipEmptyLines(): void {
		let at = 0;
		while (this.#buffer[at] === 0x0a || this.#buffer[at] === 0x0d) at++;
		if (at > 0) {
			this.#buffer = this.#buffer.subarray(at);
			this.#searched = 0;
		}
	}

	#headEnd(): { at: number; length: number } | null {
		const from = Math.max(0, this.#searched - 3);
		const lf = this.#buffer.indexOf("\n\n", from);
		const crlf = this.#buffer.indexOf("\r\n\r\n", from);
		if (crlf >= 0 && (lf < 0 || crlf < lf)) return { at: crlf, length: 4 };
		if (lf >= 0) return { at: lf, length: 2 };
		this.#searched = this.#buffer.length;
		return null;
	}
}

function refused(why: string, fatal: boolean): Reading {
	return { kind: "refused", why, fatal };
}

function contentLength(head: Buffer): number | null {
	const found = /^content-length:[ \t]*(.*?)\r?$/im.exec(
		head.toString("latin1"),
	);
	if (!found) return 0;
	return /^\d{1,9}$/.test(found[1] ?? "") ? Number(found[1]) : null;
}

function parse(head: Buffer, body: Buffer): Command {
	const [line = "", ...rest] = head.toString("utf8").split(/\r?\n/);
	const headers = new Map<string, string>();
	for (const text of rest) {
		const colon = text.indexOf(":");
		if (colon > 0)
			headers.set(
				text.slice(0, colon).trim().toLowerCase(),
				text.slice(colon + 1).replace(/^[ \t]+/, ""),
			);
	}
	return { line: line.trimEnd(), headers, body: body.toString("utf8") };
}
