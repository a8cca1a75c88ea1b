import { randomUUID } from "node:crypto";
import type { Clock } from "../../core/clock.js";

export type Headers = Record<string, string>;
export type EventFormat = "json" | "plain";

/** An event as the event socket sends it: serialised once for all who listen. */
export class SwitchEvent {
	readonly name: string;
	readonly headers: Headers;
	readonly body: string | null;
	readonly #frames: Partial<Record<EventFormat, string>> = {};
	#lowerCased: Map<string, string> | null = null;

	constructor(name: string, headers: Headers, body: string | null = null) {
		this.name = name;
		this.headers = headers;
		this.body = body;
	}

	get uniqueId(): string | undefined {
		return this.headers["Unique-ID"];
	}

	/** A header whatever its case, as filters look them up. */
	header(name: string): string | undefined {
		this.#lowerCased ??= new Map(
			Object.entries(this.headers).map(([key, value]) => [
				key.toLowerCase(),
				value,
			]),
		);
		return this.#lowerCased.get(name.toLowerCase());
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
		if (this.body === null) return JSON.stringify(this.headers);
		return JSON.stringify({
			...this.headers,
			"Content-Length": String(Buffer.byteLength(this.body)),
			_body: this.body,
		});
	}

	#plain(): string {
		const head = headerLines(this.headers);
		return this.body === null
			? `${head}\n`
			: `${head}Content-Length: ${Buffer.byteLength(this.body)}\n\n${this.body}`;
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
