import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { makeTone } from "../../audio/tones.js";
import { encodeWav } from "../../audio/wav.js";
import type { CallEvent } from "../../core/event.js";

/** For what is awaited; shorter than a test may take, so that the test says what did not come. */
const LIMIT_MS = 50_000;

export interface Received {
	method: string;
	path: string;
	headers: IncomingMessage["headers"];
	body: string;
}

/** An attempt to deliver an event, and what it was answered. */
export interface Delivered extends Received {
	event: CallEvent;
	status: number;
}

/**
 * The customer's side: takes events at `/events` and below it, serves tones at `/tone/<hertz>/<milliseconds>.wav`, answers `/status/<n>` with that
 * status, never answers `/never`, and everything else with a little JSON.
 */
export class Backend {
	readonly #server: Server;
	/** All but events and tones, in the order in which they came. */
	readonly requests: Received[] = [];
	/** Every attempt to deliver an event, in the order in which they came. */
	readonly deliveries: Delivered[] = [];
	/** What an event that comes is answered. */
	answerEvent: (received: Received, event: CallEvent) => number = () => 200;
	readonly #events = new Map<string, Map<string, CallEvent>>();
	readonly #listeners = new Set<() => void>();

	private constructor() {
		this.#server = createServer((request, response) => {
			void this.#answer(request, response);
		});
	}

	static async start(): Promise<Backend> {
		const backend = new Backend();
		await new Promise<void>((resolve) =>
			backend.#server.listen(0, "127.0.0.1", resolve),
		);
		return backend;
	}

	get url(): string {
		const { port } = this.#server.address() as AddressInfo; // it listens on TCP
		return `http://127.0.0.1:${port}`;
	}

	/** A tone's address. */
	tone(hertz: number, milliseconds: number): string {
		return `${this.url}/tone/${hertz}/${milliseconds}.wav`;
	}

	/** What was told of a call so far, each event once, by seq. */
	events(callId: string): readonly CallEvent[] {
		const events = [...(this.#events.get(callId)?.values() ?? [])];
		return events.sort((one, other) => one.seq - other.seq);
	}

	/** Resolves with the first thing that `find` finds; it is asked again at each event and request. */
	async until<T>(
		what: string | (() => string),
		find: () => T | undefined,
	): Promise<T> {
		return new Promise((resolve, reject) => {
			const look = () => {
				const found = find();
				if (found === undefined) return;
				this.#listeners.delete(look);
				clearTimeout(timer);
				resolve(found);
			};
			const timer = setTimeout(() => {
				this.#listeners.delete(look);
				const named = typeof what === "string" ? what : what();
				reject(new Error(`${named} did not come`));
			}, LIMIT_MS);
			this.#listeners.add(look);
			look();
		});
	}

	async stop(): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	async #answer(
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const { method = "", url: path = "", headers } = request;
		const body = await text(request);
		const [, kind = "", first = "", second = ""] = path.split("/");
		let status = kind === "status" ? Number(first) : 200;
		if (kind === "events") status = this.#take({ method, path, headers, body });
		else if (kind === "tone")
			return void response.end(
				encodeWav({
					sampleRateHz: 8_000,
					channels: 1,
					samples: makeTone([Number(first)], Number.parseInt(second, 10)),
				}),
			);
		else this.requests.push({ method, path, headers, body });
		for (const look of this.#listeners) look();
		if (kind === "never") return;
		response.writeHead(status, {
			"content-type": "application/json",
		});
		response.end('{"name":"Ada"}');
	}

	/** The status to answer; what is not taken well is told again. */
	#take(received: Received): number {
		const event = JSON.parse(received.body) as CallEvent; // what the service sends
		const status = this.answerEvent(received, event);
		this.deliveries.push({ ...received, event, status });
		if (status < 200 || status > 299) return status;
		const events = this.#events.get(event.call_id) ?? new Map();
		// at least once: the same one may have come before
		this.#events.set(event.call_id, events.set(event.id, event));
		return status;
	}
}
