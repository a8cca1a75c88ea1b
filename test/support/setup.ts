import type { RunnerTask } from "vitest";
import { beforeAll, beforeEach } from "vitest";
import { StallWatch } from "./stalls.js";

const stalls = new StallWatch();

beforeEach(() => stalls.forget());

// What failed while the machine stood still says nothing of the program: it is run again, and the end of the run names it.
const again = { count: 2, condition: () => stalls.longestMs > 0 };

// vitest 4.1 loses a condition that is set before: it takes functions out of the tests as it tells its main process of them
// biome-ignore lint/correctness/noEmptyPattern: vitest wants the context taken apart
beforeAll(({}, suite) => {
	const set = (task: RunnerTask) => {
		task.retry = again;
		if ("tasks" in task) for (const one of task.tasks) set(one);
	};
	set(suite);
});
