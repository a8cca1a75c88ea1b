import { defineConfig } from "vite";

export default defineConfig({
	root: import.meta.dirname,
	logLevel: "warn",
	build: {
		outDir: "../dist/web",
		emptyOutDir: true,
		// of what is bundled: .vite/license.md
		license: true,
		// the page's policy takes scripts and styles from files only
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		chunkSizeWarningLimit: 1_500,
		rolldownOptions: {
			// "use client", which means nothing here
			onLog: (level, log, tell) => {
				if (log.code !== "MODULE_LEVEL_DIRECTIVE") tell(level, log);
			},
		},
	},
});
