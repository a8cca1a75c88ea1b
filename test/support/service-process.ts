import { Child } from "./child.js";
import type { Launch } from "./service.js";

/** Launches the service as a process of its own, as `npm start` does; `processes` are those that were started, the newest last. */
export function inAProcess(): { launch: Launch; processes: Child[] } {
	const processes: Child[] = [];
	return {
		processes,
		async launch(settings, write) {
			const listens = /listens at (http:\S+)/;
			const child = await Child.start(
				"server/main.js",
				settings,
				listens,
				write,
			);
			processes.push(child);
			return {
				url: listens.exec(child.said)?.[1] ?? "",
				stop: () => child.exit("SIGTERM"),
			};
		},
	};
}
