import { type Clock, sleep } from "../core/clock.js";

/** An answer may be so old. */
const KEPT_MS = 5_000;
/** Nobody waits longer for one. */
const PATIENCE_MS = 1_000;

/** A question to the store that is asked seldom, and once at a time, however often the answer is wanted; null where there is none in time. */
export function seldom(
	ask: () => Promise<number>,
	clock: Clock,
): () => Promise<number | null> {
	let answer: Promise<number | null> | null = null;
	let goodUntil = 0;
	const askAgain = () => {
		goodUntil = Number.POSITIVE_INFINITY;
		const asked = ask().catch(() => null);
		return asked.finally(() => {
			goodUntil = clock.monotonic() + KEPT_MS;
		});
	};
	return async () => {
		if (!answer || clock.monotonic() >= goodUntil) answer = askAgain();
		const late = new AbortController();
		const patience = sleep(clock, PATIENCE_MS, late.signal).then(
			() => null,
			() => null,
		);
		try {
			return await Promise.race([answer, patience]);
		} finally {
			late.abort();
		}
	};
}
