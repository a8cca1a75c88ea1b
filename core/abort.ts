import { setMaxListeners } from "node:events";

/** What `work` comes to, or a rejection with the signal's reason if that comes first; `work` itself goes on. */
export function unlessAborted<T>(
	work: Promise<T>,
	signal: AbortSignal,
): Promise<T> {
	return new Promise((resolve, reject) => {
		const abandon = () => reject(signal.reason);
		if (signal.aborted) abandon();
		// a call may wait for hundreds of sounds
		setMaxListeners(0, signal);
		signal.addEventListener("abort", abandon, { once: true });
		work
			.finally(() => signal.removeEventListener("abort", abandon))
			.then(resolve, reject);
	});
}
