import type { Log } from "../core/log.js";
import { tzdata } from "../core/timezone.js";
import { wallTimeToInstant } from "../steps/zone.js";
import type { Callbacks } from "../store/callback.js";
import type { Sweep } from "./heartbeat.js";

/** Countries change their clocks: what was resolved with older rules is resolved anew. */
export const resolveAgain = (
	callbacks: Pick<Callbacks, "resolveAgain">,
	log: Log,
): Sweep => ({
	name: "time zones",
	async run() {
		const resolved = await callbacks.resolveAgain(tzdata, (kept) => {
			// written as an instant, maybe with a fraction of a second that a wall time has not
			if (kept.timezone === "UTC") return null;
			const wall = wallTimeToInstant(kept.date, kept.time, kept.timezone);
			if (wall.kind === "invalid") return null;
			return { dueAt: wall.at, resolution: wall.resolution };
		});
		if (resolved > 0)
			log.info({ resolved, tzdata }, "callbacks resolved anew: tzdata changed");
	},
});
