import { defineConfig } from "vitest/config";
import type { Reporter } from "vitest/node";

// Tests run from the compiled tree: what is tested is what is shipped, and worker threads load plain JavaScript.
const tree = process.env.BUILD ?? "dist";

/** Names what was skipped, which fails the run with NOTHING_SKIPPED, and what was run again since the machine stood still. */
const skips: Reporter = {
	onTestRunEnd(modules) {
		const all = modules.flatMap((module) => [...module.children.allTests()]);
		const tell = (what: string, tests: typeof all) => {
			if (tests.length === 0) return;
			const names = tests.map(({ fullName }) => `  ${fullName}`);
			console.log(`\n${what}:\n${names.join("\n")}`);
		};
		const skipped = all.filter((test) => test.result().state === "skipped");
		tell("Skipped", skipped);
		tell(
			"Run again, since the machine stood still",
			all.filter((test) => (test.diagnostic()?.retryCount ?? 0) > 0),
		);
		if (skipped.length > 0 && process.env.NOTHING_SKIPPED) process.exitCode = 1;
	},
};

export default defineConfig({
	test: {
		include: [`${tree}/test/**/*.test.js`],
		exclude: ["node_modules"],
		testTimeout: 20_000,
		pool: "forks",
		reporters: ["default", skips],
	},
});
