import { Cron } from "croner";
import { message } from "../core/fault.js";

/**
 * The first instant after `after` that a pattern of five fields names in a zone, epoch milliseconds; null if none does. croner,
 * since node-cron leaves out a time that falls into the gap of a clock change: this fires at the end of the gap.
 */
export function nextFiring(
	pattern: string,
	timezone: string,
	after: number,
): number | null {
	const next = new Cron(pattern, { timezone, mode: "5-part" }).nextRun(
		new Date(after),
	);
	return next?.getTime() ?? null;
}

/** What is wrong with a pattern; null if nothing is. */
export function checkCron(pattern: string): string | null {
	try {
		// croner also takes an instant, and words such as @yearly
		if (pattern.trim().split(/\s+/).length !== 5)
			throw new Error("not five fields");
		new Cron(pattern, { mode: "5-part" });
		return null;
	} catch (error) {
		const words = message(error).replace(/^CronPattern: /, "");
		return `write five fields, minute hour day month weekday, such as "30 9 * * 1-5" (${words})`;
	}
}
