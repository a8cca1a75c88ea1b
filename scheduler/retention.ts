import { type Clock, sleep } from "../core/clock.js";
import { KEY_KEPT_MS } from "../store/idempotency.js";
import { EXPIRED_AT_ONCE } from "../store/retention.js";
import type { Position, Store } from "../store/store.js";
import type { Sweep } from "./heartbeat.js";
import {
	type RemoveRecordingsOptions,
	removeRecordings,
} from "./remove-recordings.js";
import { type RemoveStoredOptions, removeStored } from "./remove-stored.js";

/** Between two statements, so that others have the database meanwhile: PGlite is one connection. */
const REST_MS = 25;
/** Of one sweep in a minute, so that those after it have their turn. */
const MOST_BATCHES = 500;
/** What is asked of a call is asked for seconds; clocks differ. */
const CONTROL_KEPT_MS = 60_000;
/** Of files: nearly all are to be kept, and going through them is work for nothing. */
const MOST_BATCHES_OF_FILES = 20;

export interface RetentionOptions extends RemoveRecordingsOptions {
	store: Pick<Store, "retention" | "recordings">;
	/** Where recordings are moved to, if they are. */
	bucket?: RemoveStoredOptions["bucket"] | null;
}

/** Deletes what is past its time. Calls and recordings only where somebody said how long they are kept. */
export function retentionSweeps(options: RetentionOptions): Sweep[] {
	const { callsKeptMs, recordingsKeptMs, clock, bucket } = options;
	const { retention } = options.store;
	const sweep = (
		name: string,
		batch: (signal: AbortSignal) => Promise<boolean>,
		most = MOST_BATCHES,
	): Sweep => ({
		name,
		run: (signal) => inBatches(batch, most, clock, signal),
	});
	/** A batch that is not full was the last one. */
	const counted = (
		name: string,
		keptMs: number,
		some: (before: number) => Promise<number>,
	) =>
		sweep(
			name,
			async () => (await some(clock.now() - keptMs)) === EXPIRED_AT_ONCE,
		);
	const sweeps = [
		counted("replaced secrets", 0, (at) => retention.deleteSecrets(at)),
		counted("sessions", 0, (at) => retention.deleteSessions(at)),
		counted("idempotency keys", KEY_KEPT_MS, (at) => retention.deleteKeys(at)),
		counted("controls", CONTROL_KEPT_MS, (at) => retention.deleteControls(at)),
	];
	if (callsKeptMs !== undefined) {
		let after: Position | null = null;
		const calls = async () => {
			const before = clock.now() - callsKeptMs;
			after = await retention.deleteCalls(before, after);
			return after !== null;
		};
		sweeps.push(
			sweep("calls", calls),
			counted("callbacks", callsKeptMs, (at) => retention.deleteCallbacks(at)),
		);
	}
	if (recordingsKeptMs !== undefined)
		sweeps.push(
			counted("recordings", recordingsKeptMs, (at) =>
				retention.markRecordings(at, clock.now()),
			),
		);
	// always: DELETE marks recordings too
	const files = removeRecordings(options);
	sweeps.push(sweep("files of recordings", files, MOST_BATCHES_OF_FILES));
	if (bucket) {
		const stored = removeStored({ ...options, bucket });
		sweeps.push(sweep("stored recordings", stored, MOST_BATCHES_OF_FILES));
	}
	return sweeps;
}

/** Until `batch` says that nothing is left, or its turn is over. */
async function inBatches(
	batch: (signal: AbortSignal) => Promise<boolean>,
	most: number,
	clock: Clock,
	signal: AbortSignal,
): Promise<void> {
	for (let n = 0; n < most && !signal.aborted; n++) {
		if (!(await batch(signal))) return;
		await sleep(clock, REST_MS, signal).catch(() => {}); // it was told to break off
	}
}
