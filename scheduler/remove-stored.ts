import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { S3Bucket } from "../media/bucket.js";
import type { KeptRecordings, RecordingName } from "../store/recording.js";

const ROWS_AT_ONCE = 500;
const REMOVED_AT_ONCE = 8;

export interface RemoveStoredOptions {
	store: {
		recordings: Pick<KeptRecordings, "states" | "stored" | "forgetStored">;
	};
	bucket: Pick<S3Bucket, "remove">;
	log: Log;
}

/**
 * Goes through what the bucket has, again and again, some recordings at a time; tells whether there are more. Those go that are
 * deleted, or whose call is: first from the bucket, then their row, so that a kill in between leaves what the next pass finds. Any
 * number of instances may do it at a time. Aborting `signal` breaks it off, to be done again.
 */
export function removeStored({
	store,
	bucket,
	log,
}: RemoveStoredOptions): (signal: AbortSignal) => Promise<boolean> {
	let after: RecordingName | null = null;
	const remove = async (name: RecordingName) => {
		try {
			await bucket.remove(name);
			await store.recordings.forgetStored(name);
		} catch (error) {
			// what is against one of them need not be against the next
			if (!(error instanceof Fault && error.code === "STORE_REFUSES"))
				throw error;
			log.warn({ err: message(error), ...name }, "recording not removed");
		}
	};
	return async (signal) => {
		const names = await store.recordings.stored(after, ROWS_AT_ONCE);
		const states = await store.recordings.states(names);
		const gone = names.filter((_, place) => states[place] !== "kept").values();
		const some = async () => {
			for (const name of gone) {
				if (signal.aborted) return;
				await remove(name);
			}
		};
		await Promise.all(Array.from({ length: REMOVED_AT_ONCE }, some));
		if (signal.aborted) return true;
		after = names.at(-1) ?? null;
		return after !== null;
	};
}
