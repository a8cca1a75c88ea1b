import type { Position } from "./new-call.js";

/** So many rows are deleted or marked by one statement at the most. */
export const EXPIRED_AT_ONCE = 500;

/**
 * Deletes what is past its time. Each method is one statement of bounded length and passes over what is locked, so any number of
 * instances may sweep at a time, and whoever calls it again has the next ones. Instants are epoch milliseconds.
 */
export interface Retention {
	/**
	 * Looks at the next calls that ended before, the longest ago first, those after `after`; deletes them with their events,
	 * deliveries and recordings' rows, but none that has deliveries to make or has arranged a callback that is not over. Null once
	 * there are no more, else how far it has come.
	 */
	deleteCalls(before: number, after: Position | null): Promise<Position | null>;
	/** Callbacks that were over before; tells how many, as do all below. */
	deleteCallbacks(before: number): Promise<number>;
	/** Secrets that were replaced, and signed until before. */
	deleteSecrets(before: number): Promise<number>;
	/** Idempotency-Keys that were claimed before; without it too they are good for 24 h only. */
	deleteKeys(before: number): Promise<number>;
	/** Of browsers that were signed in until before. */
	deleteSessions(before: number): Promise<number>;
	/** What was asked of calls until before, by instances that ended meanwhile. */
	deleteControls(before: number): Promise<number>;
	/** Marks recordings that were made before as deleted `now`. */
	markRecordings(before: number, now: number): Promise<number>;
}
