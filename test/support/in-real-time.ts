import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, beforeEach, type RunnerTask } from "vitest";

/** Sound has gaps then, and what is measured of it says nothing of the program. */
const STALL_MS = 60;
const MOST_REPETITIONS = 2;

// A thread of its own: what the tests do themselves does not delay it, only what keeps the whole machine from running it.
const watch = `
const { workerData: { stalls, atLeastMs } } = require("node:worker_threads");
const STEP_MS = 10;
let before = performance.now();
setInterval(() => {
	const now = performance.now();
	if (now - before - STEP_MS >= atLeastMs) Atomics.add(stalls, 0, 1);
	before = now;
}, STEP_MS);
`;

/**
 * For a file that listens to sound as it comes: a test that fails while the machine itself stood still is run again, and the end of the
 * run names it; one that fails otherwise fails at once. For nothing else: what a stand-still brings to light elsewhere is a fault.
 */
export function inRealTime(): void {
	const stalls = new Int32Array(new SharedArrayBuffer(4));
	const workerData = { stalls, atLeastMs: STALL_MS };
	const watcher = new Worker(watch, { eval: true, workerData });
	/** How many there had been when a test began: others may run beside it. */
	const before = new WeakMap<object, number>();
	// vitest 4.1 loses a condition that is set before: it takes functions out of the tests as it tells its main process of them
	// biome-ignore lint/correctness/noEmptyPattern: vitest wants the context taken apart
	beforeAll(({}, file) => {
		const set = (task: RunnerTask) => {
			task.retry = {
				count: MOST_REPETITIONS,
				condition: () =>
					Atomics.load(stalls, 0) > (before.get(task) ?? Infinity),
			};
			if ("tasks" in task) for (const one of task.tasks) set(one);
		};
		set(file);
	});
	beforeEach(({ task }) => void before.set(task, Atomics.load(stalls, 0)));
	afterAll(() => watcher.terminate());
}
