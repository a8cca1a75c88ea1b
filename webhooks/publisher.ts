import { setMaxListeners } from "node:events";
import type { Clock } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import type { HttpClient } from "../core/http.js";
import type { Log } from "../core/log.js";

export interface Subscriber {
	url: string;
	method: "POST" | "PUT";
}

const TIMEOUT_MS = 10_000;
/** For events that are still to be sent when the service ends. */
const LAST_WORDS_MS = 5_000;
/** What a consumer answers is not read beyond this. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Sends events to the address that a call was posted with: one at a time for each call, in their order. */
export class Publisher {
	readonly #http: HttpClient;
	readonly #log: Log;
	readonly #clock: Clock;
	readonly #stop = new AbortController();
	/** The newest delivery of each call that has any under way. */
	readonly #last = new Map<string, Promise<void>>();

	constructor(http: HttpClient, log: Log, clock: Clock) {
		this.#http = http;
		this.#log = log;
		this.#clock = clock;
		// every request under way listens
		setMaxListeners(0, this.#stop.signal);
	}

	publish(subscriber: Subscriber, event: CallEvent): void {
		const before = this.#last.get(event.call_id) ?? Promise.resolve();
		const delivery = before.then(() => this.#deliver(subscriber, event));
		this.#last.set(event.call_id, delivery);
		void delivery.then(() => {
			if (this.#last.get(event.call_id) === delivery)
				this.#last.delete(event.call_id);
		});
	}

	/** Resolves when nothing is under way. */
	async idle(): Promise<void> {
		while (this.#last.size > 0) await Promise.all(this.#last.values());
	}

	/** Gives what is under way a moment; what waits behind it is not sent. */
	async stop(): Promise<void> {
		const cancel = this.#clock.after(
			LAST_WORDS_MS,
			() => this.#stop.abort(),
			true,
		);
		await this.idle();
		cancel();
	}

	async #deliver({ url, method }: Subscriber, event: CallEvent): Promise<void> {
		if (this.#stop.signal.aborted) return;
		const result = await this.#http.request({
			signal: this.#stop.signal,
			method,
			url,
			headers: { "content-type": "application/json" },
			body: JSON.stringify(event),
			timeoutMs: TIMEOUT_MS,
			maxBytes: MAX_ANSWER_BYTES,
		});
		const told = { callId: event.call_id, type: event.type, seq: event.seq };
		if (result.kind === "failed")
			this.#log.warn({ ...told, detail: result.detail }, "event not delivered");
		else if (result.status < 200 || result.status > 299)
			this.#log.warn({ ...told, status: result.status }, "event not accepted");
	}
}
