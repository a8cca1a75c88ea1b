import type { Socket } from "node:net";
import type { Clock } from "../../core/clock.js";
import type { Channel } from "./channel.js";
import type { EventFormat, SwitchEvent } from "./event.js";
import type { EventBus, EventListener } from "./event-bus.js";

/** `+`/`-` before the value say what a match does (mod_event_socket.c: event_handler). */
interface Filter {
	header: string;
	value: string;
	wanted: boolean;
}

/** A client that does not read what it asked for is cut off before it eats the memory. */
const MOST_UNREAD_BYTES = 16 * 1024 * 1024;

/** A client that does not close its end is not waited for. */
const LONGEST_END_MS = 1000;

const GOODBYE =
	"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n";

/** What `myevents` subscribes to (mod_event_socket.c: parse_command). */
const MY_EVENTS =
	"CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_CREATE CHANNEL_DATA CHANNEL_DESTROY CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_PARK CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_UNBRIDGE CHANNEL_UNPARK DTMF".split(
		" ",
	);

/** One event-socket connection: what it may do and what it wants to hear. */
export class Listener implements EventListener {
	/** The channel that this connection was opened for; null for a client that connected to us. */
	readonly channel: Channel | null;
	authenticated: boolean;
	format: EventFormat = "plain";
	/** Stay connected after the hang-up: seconds, or "forever"; null = no. */
	linger: number | "forever" | null = null;
	readonly #socket: Socket;
	readonly #bus: EventBus;
	readonly #clock: Clock;
	readonly #events = new Set<string>();
	readonly #subclasses = new Set<string>();
	#filters: Filter[] = [];
	#myEvents = false;
	#closed = false;
	#unsent = "";

	constructor(
		{ bus, clock }: { bus: EventBus; clock: Clock },
		socket: Socket,
		channel: Channel | null,
	) {
		this.#socket = socket;
		this.#bus = bus;
		this.#clock = clock;
		this.channel = channel;
		this.authenticated = channel !== null;
	}

	get closed(): boolean {
		return this.#closed;
	}

	/** What is written in one turn of the event loop goes out as one piece: a reply and its events cost one system call. */
	write(text: string): void {
		if (this.#closed) return;
		if (this.#unsent === "") setImmediate(() => this.#flush());
		this.#unsent += text;
	}

	#flush(): void {
		const text = this.#unsent;
		this.#unsent = "";
		if (text !== "" && !this.#socket.destroyed) this.#socket.write(text);
		if (this.#socket.writableLength > MOST_UNREAD_BYTES) this.drop();
	}

	reply(text: string): void {
		// A value read from a variable must not end the header early.
		const line = text.replace(/[\r\n]+/g, " ");
		this.write(`Content-Type: command/reply\nReply-Text: ${line}\n\n`);
	}

	respond(body: string): void {
		this.write(
			`Content-Type: api/response\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`,
		);
	}

	/** Says goodbye and ends the connection when all is written. */
	disconnect(): void {
		if (this.#closed) return;
		const session = this.channel
			? `Controlled-Session-UUID: ${this.channel.uuid}\nContent-Disposition: disconnect\n`
			: "";
		this.write(
			`Content-Type: text/disconnect-notice\n${session}Content-Length: ${Buffer.byteLength(GOODBYE)}\n\n${GOODBYE}`,
		);
		this.#close();
		this.#flush();
		this.#socket.end();
		this.#clock.after(LONGEST_END_MS, () => this.#socket.destroy());
	}

	drop(): void {
		this.#close();
		this.#socket.destroy();
	}

	#close(): void {
		this.#closed = true;
		this.#bus.remove(this);
	}

	subscribe(names: readonly string[], subclasses: readonly string[]): void {
		for (const name of names) this.#events.add(name);
		for (const subclass of subclasses) this.#subclasses.add(subclass);
		this.#place();
	}

	subscribeToOwn(): void {
		this.#myEvents = true;
		this.subscribe(MY_EVENTS, []);
	}

	unsubscribe(names: readonly string[], subclasses: readonly string[]): void {
		if (names.includes("ALL")) this.#events.clear();
		for (const name of names) this.#events.delete(name);
		for (const subclass of subclasses) this.#subclasses.delete(subclass);
		this.#place();
	}

	/** False when nothing was subscribed to. */
	unsubscribeAll(): boolean {
		const had = this.#events.size > 0;
		this.#events.clear();
		this.#subclasses.clear();
		this.#place();
		return had;
	}

	addFilter(header: string, text: string): void {
		const [, signs = "", value = ""] = /^([+\- ]*)(.*)$/s.exec(text) ?? [];
		const wanted = signs.replaceAll(" ", "").at(-1) !== "-";
		this.#filters.push({ header, value, wanted });
		this.#place();
	}

	deleteFilters(header: string, value: string | null): void {
		const gone = (filter: Filter) =>
			header.toLowerCase() === "all" ||
			(filter.header.toLowerCase() === header.toLowerCase() &&
				(value === null || filter.value === value));
		this.#filters = this.#filters.filter((filter) => !gone(filter));
		this.#place();
	}

	#place(): void {
		if (this.#closed || this.#events.size === 0) {
			this.#bus.remove(this);
			return;
		}
		const one =
			this.#filters.length > 0 &&
			this.#filters.every(
				({ header, wanted }) => wanted && header.toLowerCase() === "unique-id",
			);
		this.#bus.place(this, one ? this.#filters.map(({ value }) => value) : null);
	}

	offer(event: SwitchEvent): void {
		if (!this.#asked(event) || !this.#passes(event)) return;
		if (this.#myEvents && event.uniqueId !== this.channel?.uuid) return;
		this.write(event.frame(this.format));
	}

	#asked(event: SwitchEvent): boolean {
		if (this.#events.has("ALL")) return true;
		if (!this.#events.has(event.name)) return false;
		const { subclass } = event;
		return subclass === undefined || this.#subclasses.has(subclass);
	}

	/** Filters are alternatives; a negative one that matches wins over them. */
	#passes(event: SwitchEvent): boolean {
		if (this.#filters.length === 0) return true;
		let passes = false;
		for (const { header, value, wanted } of this.#filters) {
			if (passes && wanted) continue;
			if (event.header(header)?.toLowerCase() !== value.toLowerCase()) continue;
			if (!wanted) return false;
			passes = true;
		}
		return passes;
	}
}
