import type { Response } from "express";
import { type Clock, instant } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import { Fault } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Position } from "../store/store.js";
import { faultAt } from "./fault-at.js";

/** Of one account, at one instance. */
const MOST_STREAMS = 20;
/** What a consumer has not taken yet, before it is dropped. */
const MOST_BYTES = 500_000;
/** It has so long to read why it was ended. */
const LAST_WORDS_MS = 5_000;
const CHECK_MS = 5_000;
const HEARTBEAT_MS = 15_000;
/** How long a browser waits before it connects again. */
const RECONNECT_MS = 2_000;

/** Why a stream is over, as its last event says. */
type End = "slow" | "signed_out" | "shutting_down";

export const nil = "00000000-0000-0000-0000-000000000000";

/** The streams that are open at this instance. */
export class EventStreams {
	readonly #open = new Map<string, Set<EventStream>>();
	readonly #clock: Clock;
	readonly #log: Log;
	#isClosed = false;

	constructor(clock: Clock, log: Log) {
		this.#clock = clock;
		this.#log = log;
	}

	/** Null where the client has left already; throws TOO_MANY_REQUESTS where the account has as many as it may have. */
	open(
		cloudId: string,
		response: Response,
		isStillGood: () => Promise<boolean>,
	): EventStream | null {
		// its "close" was emitted: what is registered now would stay
		if (response.closed || response.destroyed) return null;
		if (this.#isClosed) throw new Fault("SHUTTING_DOWN");
		const streams = this.#open.get(cloudId) ?? new Set();
		if (streams.size >= MOST_STREAMS)
			throw faultAt("TOO_MANY_REQUESTS", "$", "close one first", {
				detail: `The account has ${MOST_STREAMS} streams open, as many as it may have`,
				retryAfterS: RECONNECT_MS / 1_000,
			});
		this.#open.set(cloudId, streams);
		const stream = new EventStream(response, {
			...{ clock: this.#clock, isStillGood },
			onSlow: () =>
				this.#log.warn({ cloudId }, "an event stream was too slow, and ended"),
		});
		streams.add(stream);
		response.once("close", () => {
			streams.delete(stream);
			if (streams.size === 0 && this.#open.get(cloudId) === streams)
				this.#open.delete(cloudId);
		});
		return stream;
	}

	/** Ends them all, and opens no more. */
	close(): void {
		this.#isClosed = true;
		for (const streams of this.#open.values())
			for (const stream of streams) stream.end("shutting_down");
	}
}

interface StreamParts {
	clock: Clock;
	isStillGood: () => Promise<boolean>;
	onSlow(): void;
}

/** Server-sent events (HTML Living Standard §9.2) to one consumer. */
export class EventStream {
	readonly #response: Response;
	readonly #parts: StreamParts;
	readonly #abort = new AbortController();
	#ticks = 0;
	/** What was missed is still being told: a client that breaks off now has not come further than the last of that. */
	#isBehind = true;
	#isChecking = false;
	#cancel = () => {};

	constructor(response: Response, parts: StreamParts) {
		this.#response = response;
		this.#parts = parts;
		response.set({
			"Content-Type": "text/event-stream",
			Connection: "close",
			// nginx would gather what is to be told at once
			"X-Accel-Buffering": "no",
		});
		this.over.addEventListener("abort", () => this.#cancel(), { once: true });
		response.once("close", () => this.#abort.abort());
	}

	/** Once it hears what is kept from now on: whoever reads what there is when this has come misses nothing. */
	begin(): void {
		this.#response.write(`retry: ${RECONNECT_MS}\n\n`);
		this.#tickLater();
	}

	/** All that was missed is told. */
	isCurrent(): void {
		this.#isBehind = false;
		this.#tellPosition();
	}

	/** Aborts when it is over, whoever has ended it. */
	get over(): AbortSignal {
		return this.#abort.signal;
	}

	send(event: CallEvent): void {
		const id = positionText({ at: Date.parse(event.at), id: event.id });
		this.#write(`id: ${id}\n`, event.type, event);
	}

	/** What was kept between the two instants is not replayed. */
	sendGap(gap: { from: string; until: string }): void {
		this.#write("", "stream.gap", gap);
	}

	/** Resolves when the consumer has taken what it was sent, or it is over. */
	async taken(): Promise<void> {
		while (this.#response.writableNeedDrain && !this.over.aborted)
			await new Promise<void>((resolve) => {
				const done = () => {
					this.over.removeEventListener("abort", done);
					this.#response.off("drain", done);
					resolve();
				};
				this.over.addEventListener("abort", done, { once: true });
				this.#response.once("drain", done);
			});
	}

	end(reason: End): void {
		if (this.over.aborted) return;
		this.#abort.abort();
		const response = this.#response;
		response.write(
			`event: stream.ended\ndata: ${JSON.stringify({ reason })}\n\n`,
		);
		response.end();
		const cancel = this.#parts.clock.after(LAST_WORDS_MS, () =>
			response.destroy(),
		);
		response.once("close", cancel);
	}

	#write(id: string, type: string, data: unknown): void {
		if (this.over.aborted) return;
		this.#response.write(
			`${id}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`,
		);
		if (this.#response.writableLength <= MOST_BYTES) return;
		this.#parts.onSlow();
		this.end("slow");
	}

	/** Where to go on from; with data, since many a client passes over a block without. */
	#tellPosition(): void {
		const at = this.#parts.clock.now();
		const id = `id: ${positionText({ at, id: nil })}\n`;
		this.#write(id, "stream.position", { at: instant(at) });
	}

	#tickLater(): void {
		this.#cancel = this.#parts.clock.after(CHECK_MS, () => this.#tick());
	}

	#tick(): void {
		this.#ticks += 1;
		if (this.#ticks % (HEARTBEAT_MS / CHECK_MS) === 0) {
			if (this.#isBehind) this.#response.write(": still here\n\n");
			else this.#tellPosition();
		}
		this.#tickLater();
		void this.#check();
	}

	/** One look at a time: a database may not answer for long. */
	async #check(): Promise<void> {
		if (this.#isChecking) return;
		this.#isChecking = true;
		// that it does not ends no stream
		const isGood = await this.#parts.isStillGood().catch(() => true);
		this.#isChecking = false;
		if (!isGood) this.end("signed_out");
	}
}

const positionText = ({ at, id }: Position) => `${at}-${id}`;

/** Null where it is none of ours. */
export function readPosition(text: string): Position | null {
	const [, at, id] =
		/^([0-9]{1,15})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(
			text,
		) ?? [];
	return id === undefined ? null : { at: Number(at), id };
}
