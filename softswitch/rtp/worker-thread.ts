import { Worker } from "node:worker_threads";
import type { StreamEvents } from "./media.js";
import type { Command, Report, ThreadOptions } from "./worker-protocol.js";

interface Asked {
	resolve(value: unknown): void;
	reject(error: Error): void;
}

type Asking = Extract<Command, { ask: number }>;
/** A command without its number; spread over the union, so that each keeps its own fields. */
type Question = Asking extends infer Each
	? Each extends Asking
		? Omit<Each, "ask">
		: never
	: never;

/** One life of the RTP thread, seen from outside: who asked what, and who wants to hear of which stream. */
export class MediaThread {
	readonly events = new Map<number, StreamEvents>();
	readonly #worker: Worker;
	readonly #asked = new Map<number, Asked>();
	readonly #sounds = new WeakMap<Int16Array, number>();
	readonly #forget = new FinalizationRegistry<number>((sound) =>
		this.tell({ op: "forget", sound }),
	);
	#nextAsk = 1;
	#nextSound = 1;
	#over: Error | undefined;
	#closing = false;

	/** `onDeath` is told when the thread ends without having been asked to. */
	constructor(options: ThreadOptions, onDeath: (error: Error) => void) {
		this.#worker = new Worker(new URL("./media-worker.js", import.meta.url), {
			workerData: options,
			// What the program itself was started with (--eval, --inspect) is not meant for its threads.
			execArgv: [],
			// V8 would let it grow with every call, to be emptied more seldom
			resourceLimits: { maxYoungGenerationSizeMb: 8 },
		});
		this.#worker.on("message", (report: Report) => this.#hear(report));
		let cause = new Error("the RTP thread ended");
		this.#worker.on("error", (error) => {
			cause = error;
		});
		this.#worker.on("exit", () => {
			this.#end(cause);
			if (!this.#closing) onDeath(cause);
		});
	}

	/** Resolves with the thread's answer, `ask` being the number to stop it by; rejects when the thread is over. */
	ask(question: Question): { ask: number; answer: Promise<unknown> } {
		const ask = this.#nextAsk++;
		if (this.#over) return { ask, answer: Promise.reject(this.#over) };
		const answer = new Promise<unknown>((resolve, reject) => {
			this.#asked.set(ask, { resolve, reject });
		});
		// `Question` is a command that lacks nothing but its number.
		this.tell({ ...question, ask } as Asking);
		return { ask, answer };
	}

	tell(command: Command): void {
		this.#worker.postMessage(command);
	}

	/** The number of a sound, which is sent over the first time. */
	soundOf(samples: Int16Array): number {
		const known = this.#sounds.get(samples);
		if (known !== undefined) return known;
		const sound = this.#nextSound++;
		this.#sounds.set(samples, sound);
		this.#forget.register(samples, sound);
		this.tell({ op: "sound", sound, samples });
		return sound;
	}

	/** Closes the streams, waits for their recordings and ends the thread. */
	async close(): Promise<void> {
		this.#closing = true;
		await this.ask({ op: "shutdown" }).answer.catch(() => undefined);
		await this.#worker.terminate();
	}

	#hear(report: Report): void {
		switch (report.op) {
			case "digit": {
				const { digit, durationSamples, by } = report;
				this.events.get(report.stream)?.onDigit(digit, durationSamples, by);
				return;
			}
			case "first":
				this.events.get(report.stream)?.onFirstPacket?.();
				return;
			case "heard":
				this.events.get(report.stream)?.onSound?.(report.sounding);
				return;
			case "done":
				this.#asked.get(report.ask)?.resolve(report.value);
				break;
			case "failed":
				this.#asked.get(report.ask)?.reject(new Error(report.fault));
		}
		this.#asked.delete(report.ask);
	}

	#end(error: Error): void {
		this.#over ??= error;
		for (const { reject } of this.#asked.values()) reject(this.#over);
		this.#asked.clear();
		this.events.clear();
	}
}
