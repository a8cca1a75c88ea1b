import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { AudioError } from "./audio-error.js";

/** Speech and decoding in a thread of their own, since both block. */
export interface AudioWorker {
	/** 8 kHz mono on a SharedArrayBuffer; rejects with an AudioError on an unknown voice or nothing to say, or if `signal` aborts before its turn. */
	speak(text: string, voice: string, signal?: AbortSignal): Promise<Int16Array>;
	/** A wav or mp3, told apart by content, as 8 kHz mono on a SharedArrayBuffer; rejects with an AudioError if it is neither, or if `signal` aborts before its turn. */
	decode(bytes: Uint8Array, signal?: AbortSignal): Promise<Int16Array>;
	/** Ends the thread; what is under way rejects. */
	close(): Promise<void>;
}

export type AudioTask =
	| { kind: "speak"; text: string; voice: string }
	| { kind: "decode"; bytes: Uint8Array };

export type AudioRequest = { id: number } & AudioTask;

export type AudioAnswer =
	| { id: number; samples: Int16Array }
	| { id: number; fault: string };

/** A decoder that has not answered by then hangs: the thread is ended and started anew. */
const LONGEST_TASK_MS = 60_000;
/** Ends the thread alone, and not the process, when a file makes it run out of memory. */
const MOST_HEAP_MB = 256;

/**
 * Until a thread that is not needed any more is ended: Node 20 aborts the whole process if V8 still optimises the thread's code in the
 * background then (`NodePlatform::ForIsolate`, seen in one of eight runs of the tests).
 */
const SETTLE_MS = 250;

interface Waiting {
	task: AudioTask;
	resolve(samples: Int16Array): void;
	reject(error: Error): void;
}

/** The thread starts with the first task, anew after it died, and keeps the process alive only while a task is under way. */
export function createAudioWorker(
	longestTaskMs = LONGEST_TASK_MS,
): AudioWorker {
	return new AudioThread(longestTaskMs);
}

/** One task after the other: a task's time begins with its turn. */
class AudioThread implements AudioWorker {
	readonly #longestTaskMs: number;
	readonly #waiting = new Set<Waiting>();
	#current: (Waiting & { id: number; limit: NodeJS.Timeout }) | undefined;
	#worker: Worker | undefined;
	#closed = false;
	#lastId = 0;

	constructor(longestTaskMs: number) {
		this.#longestTaskMs = longestTaskMs;
	}

	speak(text: string, voice: string, signal?: AbortSignal) {
		return this.#run({ kind: "speak", text, voice }, signal);
	}

	decode(bytes: Uint8Array, signal?: AbortSignal) {
		return this.#run({ kind: "decode", bytes }, signal);
	}

	async close(): Promise<void> {
		this.#closed = true;
		const closed = new AudioError("the audio worker is closed");
		for (const { reject } of this.#waiting) reject(closed);
		this.#waiting.clear();
		await this.#end(closed.message);
	}

	async #run(task: AudioTask, signal?: AbortSignal): Promise<Int16Array> {
		if (this.#closed) throw new AudioError("the audio worker is closed");
		let drop = () => {};
		try {
			return await new Promise<Int16Array>((resolve, reject) => {
				const waiting = { task, resolve, reject };
				drop = () => {
					if (this.#waiting.delete(waiting))
						reject(new AudioError("nobody waits for it any more"));
				};
				this.#waiting.add(waiting);
				signal?.addEventListener("abort", drop, { once: true });
				if (signal?.aborted) drop();
				this.#next();
			});
		} finally {
			signal?.removeEventListener("abort", drop);
		}
	}

	#next(): void {
		const [waiting] = this.#waiting;
		if (this.#current || !waiting) return;
		this.#waiting.delete(waiting);
		this.#worker ??= this.#start();
		const id = ++this.#lastId;
		const limit = setTimeout(
			() =>
				void this.#end(`the sound took longer than ${this.#longestTaskMs} ms`),
			this.#longestTaskMs,
		);
		limit.unref();
		this.#current = { ...waiting, id, limit };
		this.#worker.ref();
		const request: AudioRequest = { id, ...waiting.task };
		this.#worker.postMessage(request);
	}

	#start(): Worker {
		const worker = new Worker(new URL("./audio-worker.js", import.meta.url), {
			// What the program itself was started with (--eval, --inspect) is not meant for its threads.
			execArgv: [],
			resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
		});
		worker.on("message", (answer: AudioAnswer) => this.#settle(answer));
		const died = (why: string) => {
			if (worker !== this.#worker) return;
			void this.#end(`the sound could not be made: ${why}`);
		};
		worker.on("error", (error) => died(error.message));
		worker.on("exit", () => died("its thread ended"));
		return worker;
	}

	#settle(answer: AudioAnswer): void {
		const current = this.#current;
		if (answer.id !== current?.id) return;
		this.#finish();
		if ("samples" in answer) current.resolve(answer.samples);
		else current.reject(new AudioError(answer.fault));
		this.#next();
		if (!this.#current) this.#worker?.unref();
	}

	/** The task under way rejects; the next one starts a new thread. */
	async #end(why: string): Promise<void> {
		const worker = this.#worker;
		this.#worker = undefined;
		const current = this.#current;
		this.#finish();
		current?.reject(new AudioError(why));
		this.#next();
		if (!worker) return;
		await sleep(SETTLE_MS);
		await worker.terminate();
	}

	#finish(): void {
		clearTimeout(this.#current?.limit);
		this.#current = undefined;
	}
}
