import { defineConfig } from "vitest/config";

// Tests run from the compiled tree: what is tested is what is shipped, and worker threads load plain JavaScript.
const tree = process.env.BUILD ?? "dist";

export default defineConfig({
	test: {
		include: [`${tree}/test/**/*.test.js`],
		exclude: ["node_modules"],
		testTimeout: 20_000,
		pool: "forks",
	},
});
