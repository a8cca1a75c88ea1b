/**
 * Makes the process live in UTC: date-fns-tz depends on the host's zone in every overlap of a clock change, so no other zone is
 * allowed. Called before anything reads a time.
 */
export function liveInUtc(): void {
	process.env.TZ = "UTC";
	const january = new Date(2026, 0, 1).getTimezoneOffset();
	const july = new Date(2026, 6, 1).getTimezoneOffset();
	if (january !== 0 || july !== 0)
		throw new Error("The process must run with TZ=UTC");
}

/** Of the rules of all zones that this process knows, such as "2026a". */
export const tzdata = process.versions.tz ?? "";
