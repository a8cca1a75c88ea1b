import { z } from "zod";
import { type AppointmentRetry, defaultRetry } from "../core/appointments.js";
import type { MissedOutcome } from "../core/outcome.js";
import { seconds } from "./fields.js";

const WEEK_S = 7 * 24 * 3_600;
const MOST_ATTEMPTS = 20;
/** What was answered is over, and so is what somebody has stopped. */
const missed = [
	"busy",
	"no_answer",
	"declined",
	"wrong_number",
	"unreachable",
	"failed",
	"interrupted",
] as const satisfies readonly MissedOutcome[];

/** How often a callback is tried, and after what again. */
export const retryFields = {
	attempts: z
		.int()
		.min(1)
		.max(MOST_ATTEMPTS)
		.default(defaultRetry.attempts)
		.describe(
			`How often it is tried, 1 to ${MOST_ATTEMPTS} (${defaultRetry.attempts} if left out)`,
		),
	interval: seconds(1, WEEK_S)
		.default(defaultRetry.interval)
		.describe(
			`Seconds from the end of one attempt to the next, 1 to ${WEEK_S} (${defaultRetry.interval} if left out)`,
		),
	on: z
		.array(z.enum(missed, { error: `write some of ${missed.join(", ")}` }))
		.max(missed.length, { error: `at most ${missed.length} outcomes` })
		.refine((on) => new Set(on).size === on.length, {
			error: "write each outcome once",
		})
		.default([...defaultRetry.on])
		.describe(
			`Outcomes after which it is tried again (${defaultRetry.on.join(", ")} if left out)`,
		),
};

export const retryOf = ({
	attempts,
	interval,
	on,
}: AppointmentRetry): AppointmentRetry => ({ attempts, interval, on });
