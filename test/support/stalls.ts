import { Worker } from "node:worker_threads";

// A thread of its own: what this process does itself does not delay it, only what keeps the whole machine from running it.
const watch = `
const { workerData: stalled } = require("node:worker_threads");
const STEP_MS = 10;
let before = performance.now();
setInterval(() => {
	const now = performance.now();
	const lateMs = Math.round(now - before - STEP_MS);
	before = now;
	if (lateMs > Atomics.load(stalled, 0)) Atomics.store(stalled, 0, lateMs);
}, STEP_MS);
`;

/** Sound has gaps then, and whatever is measured in milliseconds is wrong. */
const STALL_MS = 60;

/** Sees the machine stand still: a virtual one is not given its processors at times. */
export class StallWatch {
	readonly #longest = new Int32Array(new SharedArrayBuffer(4));

	constructor() {
		const worker = new Worker(watch, { eval: true, workerData: this.#longest });
		worker.unref();
	}

	forget(): void {
		Atomics.store(this.#longest, 0, 0);
	}

	/** Milliseconds of the longest stand-still since `forget`; 0 for one that does no harm. */
	get longestMs(): number {
		const longest = Atomics.load(this.#longest, 0);
		return longest >= STALL_MS ? longest : 0;
	}
}
