import { defineConfig } from "vitest/config";

// Tests run from the compiled tree: what is tested is what is shipped, and worker threads load plain JavaScript.
const tree = process.env.BUILD ?? "dist";

export default defineConfig({
	test: {
		include: [`${tree}/test/**/*.test.js`],
		exclude: ["node_modules"],
		testTimeout: 20_000,
		// a loaded machine must not fail a build; a test that needs this twice is to be mended
		retry: process.env.CI ? 2 : 0,
		pool: "forks",
	},
});
