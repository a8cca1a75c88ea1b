import type { MediaOptions } from "./engine.js";
import type {
	MediaEngine,
	MediaStream,
	Playback,
	PlayEnd,
	RecordEnd,
	RecordHandle,
	RecordOptions,
	Remote,
	Source,
	StreamEvents,
	StreamStats,
} from "./media.js";
import { checkRemote } from "./remote.js";
import type { ThreadOptions } from "./worker-protocol.js";
import { MediaThread } from "./worker-thread.js";

const levels = ["debug", "info", "warn", "error", "silent"] as const;

/**
 * The RTP engine in a thread of its own, so that a busy caller never breaks sound. Should the thread die, its plays end
 * as "closed", all else that was asked of it rejects, and the next stream starts it anew.
 */
export function startMediaWorker(
	options: Omit<MediaOptions, "clock">,
): MediaEngine {
	return new WorkerEngine(options);
}

class WorkerEngine implements MediaEngine {
	readonly #options: Omit<MediaOptions, "clock">;
	#thread: MediaThread | undefined;
	#nextStream = 1;
	#closed = false;

	constructor(options: Omit<MediaOptions, "clock">) {
		this.#options = options;
		this.#thread = this.#start();
	}

	get live(): number {
		return this.#thread?.events.size ?? 0;
	}

	async open(events: StreamEvents): Promise<MediaStream> {
		if (this.#closed) throw new Error("the media engine is closed");
		this.#thread ??= this.#start();
		const thread = this.#thread;
		const stream = this.#nextStream++;
		thread.events.set(stream, events);
		try {
			const listening = events.onSound !== undefined;
			const { answer } = thread.ask({ op: "open", stream, listening });
			// The thread answers an open with the port.
			const port = (await answer) as number;
			return new DistantStream(thread, stream, port);
		} catch (error) {
			thread.events.delete(stream);
			throw error;
		}
	}

	async close(): Promise<void> {
		this.#closed = true;
		const thread = this.#thread;
		this.#thread = undefined;
		await thread?.close();
	}

	#start(): MediaThread {
		const { log, ...rest } = this.#options;
		const logLevel = levels.find((level) => level === log.level) ?? "info";
		const options: ThreadOptions = { ...rest, logLevel };
		const thread = new MediaThread(options, (error) => {
			log.error({ error: error.message }, "the RTP thread died");
			if (this.#thread === thread) this.#thread = undefined;
		});
		return thread;
	}
}

class DistantStream implements MediaStream {
	readonly id: number;
	readonly port: number;
	readonly #thread: MediaThread;
	/** Kept when the stream is closed: the thread forgets them then. */
	#lastStats: Promise<StreamStats> | undefined;

	constructor(thread: MediaThread, id: number, port: number) {
		this.#thread = thread;
		this.id = id;
		this.port = port;
	}

	configure(remote: Remote): void {
		checkRemote(remote);
		this.#thread.tell({ op: "configure", stream: this.id, remote });
	}

	play(source: Source): Playback {
		const { ask, answer } = this.#thread.ask({
			op: "play",
			stream: this.id,
			source: this.#sent(source),
		});
		const closed: PlayEnd = { samples: 0, by: "closed" };
		return {
			// The thread answers a play with its end, and fails it only when the stream is gone.
			done: answer.then(
				(end) => end as PlayEnd,
				() => closed,
			),
			stop: () => this.#thread.tell({ op: "stop", target: ask }),
		};
	}

	async sendDigits(digits: string, durationMs: number): Promise<void> {
		const question = {
			op: "digits",
			stream: this.id,
			digits,
			durationMs,
		} as const;
		await this.#thread.ask(question).answer;
	}

	mute(side: "read" | "write", on: boolean): void {
		this.#thread.tell({ op: "mute", stream: this.id, side, on });
	}

	detectDigits(on: boolean): void {
		this.#thread.tell({ op: "detect", stream: this.id, on });
	}

	record(path: string, options: RecordOptions): RecordHandle {
		const { ask, answer } = this.#thread.ask({
			op: "record",
			stream: this.id,
			path,
			options,
		});
		// The thread answers a recording with its end.
		const done = answer.then((end) => end as RecordEnd);
		done.catch(() => undefined);
		return {
			done,
			mask: (on) => this.#thread.tell({ op: "mask", target: ask, on }),
			pause: (on) => this.#thread.tell({ op: "pause", target: ask, on }),
			stop: () => this.#thread.tell({ op: "stop", target: ask }),
		};
	}

	bridge(other: MediaStream): void {
		const near =
			other instanceof DistantStream && other.#thread === this.#thread;
		if (!near || other === this) {
			throw new Error("a stream is bridged to another one of its engine");
		}
		this.#thread.tell({ op: "bridge", stream: this.id, other: other.id });
	}

	unbridge(): void {
		this.#thread.tell({ op: "unbridge", stream: this.id });
	}

	stats(): Promise<StreamStats> {
		return this.#lastStats ?? this.#askStats();
	}

	close(): void {
		if (this.#lastStats !== undefined) return;
		this.#lastStats = this.#askStats();
		this.#lastStats.catch(() => undefined);
		this.#thread.tell({ op: "close", stream: this.id });
		this.#thread.events.delete(this.id);
	}

	async #askStats(): Promise<StreamStats> {
		const { answer } = this.#thread.ask({ op: "stats", stream: this.id });
		// The thread answers with the statistics.
		return (await answer) as StreamStats;
	}

	#sent(source: Source) {
		if (source.kind !== "pcm") return source;
		const { samples, ...rest } = source;
		return { ...rest, sound: this.#thread.soundOf(samples) };
	}
}
