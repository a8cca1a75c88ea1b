import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Recordings } from "../media/recordings.js";
import type { KeptRecordings, RecordingName } from "../store/recording.js";

const FILES_AT_ONCE = 500;

export interface RemoveRecordingsOptions {
	store: { recordings: Pick<KeptRecordings, "states"> };
	recordings: Pick<Recordings, "names" | "look" | "remove">;
	/** How long what has ended is kept, milliseconds; undefined: for good. */
	callsKeptMs: number | undefined;
	recordingsKeptMs: number | undefined;
	/** Told of each that is to be kept. */
	found?: (name: RecordingName) => Promise<void>;
	clock: Clock;
	log: Log;
}

/**
 * Goes through this instance's folder of recordings, again and again, some files at a time; tells whether there are more. A file
 * goes when its row says that it was deleted: first the row is marked, then the file is removed, and a kill in between leaves
 * what the next pass finds. So does one that no row tells of, as of a call that is deleted or was being recorded when the process
 * was killed, once it is older than what is kept.
 */
export function removeRecordings({
	store,
	recordings,
	callsKeptMs = Number.POSITIVE_INFINITY,
	recordingsKeptMs = Number.POSITIVE_INFINITY,
	found,
	clock,
	log,
}: RemoveRecordingsOptions): () => Promise<boolean> {
	const keptMs = Math.min(callsKeptMs, recordingsKeptMs);
	let pass: ReturnType<typeof recordings.names> | undefined;
	const isOld = async ({ callId, attempt }: RecordingName) => {
		if (keptMs === Number.POSITIVE_INFINITY) return false;
		const file = await recordings.look(callId, attempt);
		return file !== null && file.modifiedAt < clock.now() - keptMs;
	};
	return async () => {
		pass ??= recordings.names(FILES_AT_ONCE);
		const { value: names, done } = await pass.next();
		if (done || !names) {
			pass = undefined;
			return false;
		}
		const states = await store.recordings.states(names);
		for (const [place, name] of names.entries())
			try {
				const state = states[place];
				if (state === "kept") await found?.(name);
				else if (state === "deleted" || (await isOld(name)))
					await recordings.remove(name.callId, name.attempt);
			} catch (error) {
				log.warn({ err: message(error), ...name }, "recording not removed");
			}
		return true;
	};
}
