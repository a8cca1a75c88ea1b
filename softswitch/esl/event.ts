import { randomUUID } from "node:crypto";
import type { Clock } from "../../core/clock.js";
import type { Variables } from "./variables.js";

export type Headers = Record<string, string>;
export type EventFormat = "json" | "plain";

interface EventParts {
	/** A channel's variables as they are now, between `headers` and `more`. */
	variables?: Variables;
	more?: Headers;
	body?: string | null;
}

/** An event as the event socket sends it: serialised once for all who listen, while it is published. */
export class SwitchEvent {
	readonly name: string;
	readonly #headers: Headers;
	readonly #variables: Variables | null;
	readonly #more: Headers;
	readonly #body: string | null;
	readonly #frames: Partial<Record<EventFormat, string>> = {};

	constructor(name: string, headers: Headers, parts: EventParts = {}) {
		this.name = name;
		this.#headers = headers;
		this.#variables = parts.variables ?? null;
		this.#more = parts.more ?? {};
		this.#body = parts.body ?? null;
	}

	get uniqueId(): string | undefined {
		return this.#headers["Unique-ID"];
	}

	get subclass(): string | undefined {
		return this.#more["Event-Subclass"];
	}

	/** A header whatever its case, as filters look them up. */
	header(name: string): string | undefined {
		const key = name.toLowerCase();
		if (key === "unique-id") return this.uniqueId;
		if (key.startsWith("variable_"))
			return this.#variables?.get(key.slice("variable_".length));
		for (const headers of [this.#headers, this.#more])
			for (const [known, value] of Object.entries(headers))
				if (known.toLowerCase() === key) return value;
		return undefined;
	}

	/** The whole message; Content-Length comes first (mod_event_socket.c:1441). */
	frame(format: EventFormat): string {
		const known = this.#frames[format];
		if (known !== undefined) return known;
		const text = format === "json" ? this.#json() : this.#plain();
		const frame = `Content-Length: ${Buffer.byteLength(text)}\nContent-Type: text/event-${format}\n\n${text}`;
		this.#frames[format] = frame;
		return frame;
	}

	#json(): string {
		const tail = { ...this.#more };
		if (this.#body !== null) {
			tail["Content-Length"] = String(Buffer.byteLength(this.#body));
			tail._body = this.#body;
		}
		const head = JSON.stringify(this.#headers).slice(0, -1);
		const rest = JSON.stringify(tail).slice(1);
		const variables = this.#variables?.eventJson() ?? "";
		return `${head}${variables}${rest === "}" ? "" : ","}${rest}`;
	}

	#plain(): string {
		const variables: Headers = {};
		for (const [name, value] of this.#variables ?? [])
			variables[`variable_${name}`] = value;
		const head = [this.#headers, variables, this.#more]
			.map(headerLines)
			.join("");
		return this.#body === null
			? `${head}\n`
			: `${head}Content-Length: ${Buffer.byteLength(this.#body)}\n\n${this.#body}`;
	}
}

/** `Name: value` lines, values URL-encoded but for `/` and `,` (switch_event_serialize). */
export function headerLines(headers: Headers): string {
	let lines = "";
	for (const name in headers)
		lines += `${name}: ${encodeValue(headers[name] ?? "")}\n`;
	return lines;
}

function encodeValue(value: string): string {
	return /^[\w./,-]*$/.test(value)
		? value
		: // A lone surrogate cannot be encoded: toWellFormed() of Node 20 is not in TypeScript's es2023.
			encodeURIComponent(value.replace(/\p{Surrogate}/gu, "\uFFFD"))
				.replaceAll("%2F", "/")
				.replaceAll("%2C", ",");
}

/** Who this switch says it is. */
export interface Identity {
	coreUuid: string;
	hostname: string;
	ipv4: string;
}

/** Makes the headers that every event begins with. */
export class EventSource {
	readonly #identity: Identity;
	readonly #clock: Clock;
	#sequence = 0;

	constructor(clock: Clock, ipv4: string) {
		this.#clock = clock;
		this.#identity = { coreUuid: randomUUID(), hostname: "flowdial", ipv4 };
	}

	head(name: string): Headers {
		const nowMs = this.#clock.now();
		return {
			"Event-Name": name,
			"Core-UUID": this.#identity.coreUuid,
			"FreeSWITCH-Hostname": this.#identity.hostname,
			"FreeSWITCH-Switchname": this.#identity.hostname,
			"FreeSWITCH-IPv4": this.#identity.ipv4,
			"FreeSWITCH-IPv6": "::1",
			"Event-Date-GMT": new Date(nowMs).toUTCString(),
			"Event-Date-Timestamp": String(Math.round(nowMs * 1000)),
			"Event-Sequence": String(++this.#sequence),
		};
	}
}
