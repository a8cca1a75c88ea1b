const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** After the first attempt, the second …: 72 hours in all. */
const DELAYS_MS = [
	5_000,
	5 * MINUTE_MS,
	30 * MINUTE_MS,
	...[2, 5, 10, 14, 20, 20].map((hours) => hours * HOUR_MS),
];
/** So much later at random, so that not all that failed together comes again together. */
const JITTER = 0.1;
/** A consumer that asks for more is not waited for. */
const LONGEST_RETRY_AFTER_MS = 24 * HOUR_MS;

/** How long to wait after so many attempts; null once there are no more. `random` is from 0 to 1. */
export function retryDelayMs(
	attempts: number,
	retryAfterMs: number,
	random: number,
): number | null {
	const delayMs = DELAYS_MS[attempts - 1];
	if (delayMs === undefined) return null;
	return Math.max(delayMs * (1 + JITTER * random), retryAfterMs);
}

/** Retry-After as seconds or a date (RFC 9110 §10.2.3), in milliseconds from now, 24 hours at most; 0 if it says nothing. */
export function retryAfterMs(
	header: string | undefined,
	nowMs: number,
): number {
	if (header === undefined) return 0;
	const seconds = /^\d+$/.test(header) ? Number(header) : Number.NaN;
	const ms = Number.isNaN(seconds)
		? Date.parse(header) - nowMs
		: seconds * 1000;
	return Number.isNaN(ms)
		? 0
		: Math.min(Math.max(0, ms), LONGEST_RETRY_AFTER_MS);
}
