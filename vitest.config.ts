import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import type { Reporter } from "vitest/node";

// Tests run from the compiled tree: what is tested is what is shipped, and worker threads load plain JavaScript.
const tree = process.env.BUILD ?? "dist";

// What takes as long as it takes runs beside others of its kind; then each of the rest alone, since it measures sound, load or memory.
const every = `${tree}/test/**/*.test.js`;
const besides = `${tree}/test/{cli,core,deploy,flow,scheduler,server,steps,store}/**/*.test.js`;

/**
 * Names what was skipped, which fails the run with NOTHING_SKIPPED, and what was run again since the machine stood still. Its last line
 * counts them all.
 */
const summary: Reporter = {
	onTestRunEnd(modules, errors) {
		const all = modules.flatMap((module) => [...module.children.allTests()]);
		const tell = (what: string, tests: typeof all) => {
			if (tests.length === 0) return;
			const names = tests.map(({ fullName }) => `  ${fullName}`);
			console.log(`\n${what}:\n${names.join("\n")}`);
		};
		const inState = (state: string) =>
			all.filter((test) => test.result().state === state);
		const skipped = inState("skipped");
		tell("Skipped", skipped);
		tell(
			"Run again, since the machine stood still",
			all.filter((test) => (test.diagnostic()?.retryCount ?? 0) > 0),
		);
		if (skipped.length > 0 && process.env.NOTHING_SKIPPED) process.exitCode = 1;
		const broken = modules.filter((module) => module.errors().length > 0);
		const failed = inState("failed").length + broken.length + errors.length;
		console.log(
			`\n${inState("passed").length} passed, ${failed} failed, ${skipped.length} skipped`,
		);
	},
};

export default defineConfig({
	test: {
		testTimeout: 20_000,
		pool: "forks",
		reporters: ["default", summary],
		projects: [
			{
				extends: true,
				test: {
					name: "beside",
					include: [besides],
					maxWorkers: Math.max(2, availableParallelism() - 1),
					sequence: { groupOrder: 0 },
				},
			},
			{
				extends: true,
				test: {
					name: "alone",
					include: [every],
					exclude: [besides],
					maxWorkers: 1,
					sequence: { groupOrder: 1 },
				},
			},
		],
	},
});
