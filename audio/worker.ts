import { Worker } from "node:worker_threads";
import { AudioError } from "./audio-error.js";

/** Speech and decoding in a thread of their own, since both block. */
export interface AudioWorker {
	/** 8 kHz mono on a SharedArrayBuffer; rejects with an AudioError on an unknown voice or nothing to say. */
	speak(text: string, voice: string): Promise<Int16Array>;
	/** A wav or mp3, told apart by content, as 8 kHz mono on a SharedArrayBuffer; rejects with an AudioError if it is neither. */
	decode(bytes: Uint8Array): Promise<Int16Array>;
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

interface Pending {
	resolve(samples: Int16Array): void;
	reject(error: Error): void;
}

/** The thread starts with the first task, anew after it died, and keeps the process alive only while a task is under way. */
export function createAudioWorker(): AudioWorker {
	return new AudioThread();
}

class AudioThread implements AudioWorker {
	readonly #pending = new Map<number, Pending>();
	#worker: Worker | undefined;
	#closed = false;
	#nextId = 1;

	speak(text: string, voice: string): Promise<Int16Array> {
		return this.#run({ kind: "speak", text, voice });
	}

	decode(bytes: Uint8Array): Promise<Int16Array> {
		return this.#run({ kind: "decode", bytes });
	}

	async close(): Promise<void> {
		this.#closed = true;
		await this.#end("the audio worker is closed");
	}

	async #run(task: AudioTask): Promise<Int16Array> {
		if (this.#closed) throw new AudioError("the audio worker is closed");
		this.#worker ??= this.#start();
		const worker = this.#worker;
		const id = this.#nextId++;
		const limit = AbortSignal.timeout(LONGEST_TASK_MS);
		const overdue = () => {
			if (worker === this.#worker) {
				void this.#end(`the sound took longer than ${LONGEST_TASK_MS} ms`);
			}
		};
		limit.addEventListener("abort", overdue, { once: true });
		try {
			return await new Promise<Int16Array>((resolve, reject) => {
				this.#pending.set(id, { resolve, reject });
				worker.ref();
				const request: AudioRequest = { id, ...task };
				worker.postMessage(request);
			});
		} finally {
			limit.removeEventListener("abort", overdue);
		}
	}

	#start(): Worker {
		const worker = new Worker(new URL("./audio-worker.js", import.meta.url), {
			// What the program itself was started with (--eval, --inspect) is not meant for its threads.
			execArgv: [],
			resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
		});
		worker.on("message", (answer: AudioAnswer) => {
			this.#settle(answer);
			if (this.#pending.size === 0) worker.unref();
		});
		const died = (why: string) => {
			if (worker !== this.#worker) return;
			void this.#end(`the sound could not be made: ${why}`);
		};
		worker.on("error", (error) => died(error.message));
		worker.on("exit", () => died("its thread ended"));
		return worker;
	}

	#settle(answer: AudioAnswer): void {
		const task = this.#pending.get(answer.id);
		this.#pending.delete(answer.id);
		if ("samples" in answer) task?.resolve(answer.samples);
		else task?.reject(new AudioError(answer.fault));
	}

	/** What is under way rejects; the next task starts a new thread. */
	async #end(why: string): Promise<void> {
		const worker = this.#worker;
		this.#worker = undefined;
		for (const task of this.#pending.values()) {
			task.reject(new AudioError(why));
		}
		this.#pending.clear();
		await worker?.terminate();
	}
}
