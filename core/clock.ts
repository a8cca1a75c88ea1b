/** The only place that reads the time or sets a timer: tests hand in a clock of their own. */
export interface Clock {
	/** Wall-clock time, milliseconds since 1970-01-01T00:00:00Z. */
	now(): number;
	/** Time that no clock change moves, milliseconds from an arbitrary start. */
	monotonic(): number;
	/** Calls `run` once, `delayMs` from now; returns what cancels it. The timer does not keep the process alive unless `hold` is set. */
	after(delayMs: number, run: () => void, hold?: boolean): () => void;
}

/** setTimeout fires at once past 2^31-1 ms, so longer waits are cut into pieces. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
	now: () => Date.now(),
	monotonic: () => performance.now(),
	after(delayMs, run, hold = false) {
		let timer: NodeJS.Timeout;
		const arm = (leftMs: number) => {
			const stepMs = Math.min(Math.max(leftMs, 0), LONGEST_TIMEOUT_MS);
			timer = setTimeout(
				() => (leftMs > stepMs ? arm(leftMs - stepMs) : run()),
				stepMs,
			);
			if (!hold) timer.unref();
		};
		arm(delayMs);
		return () => clearTimeout(timer);
	},
};

/** Resolves after `delayMs`; rejects with the signal's reason if it aborts first. */
export function sleep(
	clock: Clock,
	delayMs: number,
	signal?: AbortSignal,
): Promise<void> {
	return new Promise((resolve, reject) => {
		if (signal?.aborted) return reject(signal.reason);
		const cancel = clock.after(
			delayMs,
			() => {
				signal?.removeEventListener("abort", abandon);
				resolve();
			},
			true,
		);
		const abandon = () => {
			cancel();
			reject(signal?.reason);
		};
		signal?.addEventListener("abort", abandon, { once: true });
	});
}

/** A duration as the API writes it: seconds, to the millisecond. */
export function inSeconds(milliseconds: number): number {
	return Math.round(milliseconds) / 1000;
}

/** From one instant to another, both epoch milliseconds; a clock that was set back makes it no less than 0. */
export function secondsBetween(fromMs: number, toMs: number): number {
	return inSeconds(Math.max(0, toMs - fromMs));
}

/** ISO 8601 in UTC with milliseconds, as every instant in the API is written. */
export function instant(epochMs: number): string {
	return new Date(epochMs).toISOString();
}
