import { type Clock, sleep } from "../core/clock.js";
import type { Database } from "./database.js";

/** How long what was interrupted is tried again: as long as a connection is waited for. */
const PATIENCE_MS = 20_000;
const RETRY_MS = 200;

export interface Persistence {
	database: Pick<Database, "isInterruption">;
	clock: Clock;
}

/**
 * Does what may be done twice until it is known to be done; `again` once it may have been done before. A connection that is lost
 * in the middle is no answer: the next one is asked, for a while.
 */
export async function persist<Result>(
	{ database, clock }: Persistence,
	work: (again: boolean) => Promise<Result>,
	again = false,
): Promise<Result> {
	const deadline = clock.monotonic() + PATIENCE_MS;
	for (let repeated = again; ; repeated = true)
		try {
			return await work(repeated);
		} catch (error) {
			if (!database.isInterruption(error) || clock.monotonic() > deadline)
				throw error;
			await sleep(clock, RETRY_MS);
		}
}
