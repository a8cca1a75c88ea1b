import type { Clock } from "./clock.js";

const STEP_MS = 500;

/**
 * Calls `run` after `delayMs` of which this process ran; returns what cancels it. What it stood still (suspended, frozen) counts as one
 * step of half a second: nobody could be heard meanwhile.
 */
export function afterRunning(
	clock: Clock,
	delayMs: number,
	run: () => void,
): () => void {
	let leftMs = delayMs;
	let cancel = () => {};
	const step = () => {
		const stepMs = Math.min(STEP_MS, leftMs);
		cancel = clock.after(stepMs, () => {
			leftMs -= stepMs;
			if (leftMs > 0) step();
			else run();
		});
	};
	step();
	return () => cancel();
}
