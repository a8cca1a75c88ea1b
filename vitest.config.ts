import { defineConfig } from "vitest/config";
import type { Reporter } from "vitest/node";

// Tests run from the compiled tree: what is tested is what is shipped, and worker threads load plain JavaScript.
const tree = process.env.BUILD ?? "dist";

/** Names what was skipped; with NOTHING_SKIPPED that fails the run. */
const skips: Reporter = {
	onTestRunEnd(modules) {
		const names = modules.flatMap((module) =>
			Array.from(
				module.children.allTests("skipped"),
				({ fullName }) => fullName,
			),
		);
		if (names.length === 0) return;
		console.log(`\nSkipped:\n${names.map((name) => `  ${name}`).join("\n")}`);
		if (process.env.NOTHING_SKIPPED) process.exitCode = 1;
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
