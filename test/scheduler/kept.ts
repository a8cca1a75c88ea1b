const DAY_MS = 86_400_000;

/** What a sweeper that is killed keeps. */
export const KEPT = {
	callsKeptMs: 30 * DAY_MS,
	recordingsKeptMs: 7 * DAY_MS,
};
