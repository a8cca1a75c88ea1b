import { type Clock, sleep } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { S3Bucket } from "../media/bucket.js";
import type { FileState, Recordings } from "../media/recordings.js";
import type { KeptRecordings, RecordingName } from "../store/recording.js";

/** Each takes a connection and a file, and some 100 kB of memory. */
const AT_ONCE = 4;
/** Those beyond stay on disk, where the next pass through the folder finds them. */
const MOST_WAITING = 10_000;
/** A file that is found, and that another process may have left to a FreeSWITCH, is written to no more after that. */
const QUIET_MS = 10_000;
/** After a failure, twice as long after each further one. */
const FIRST_REST_MS = 500;
const LONGEST_REST_MS = 60_000;
/** For what waits when the service ends; what is left waits for its next start. */
const LAST_UPLOADS_MS = 10_000;

export interface UploadsOptions {
	store: {
		recordings: Pick<
			KeptRecordings,
			"beginUpload" | "endUpload" | "leaveUpload" | "forgetStored" | "states"
		>;
	};
	recordings: Pick<Recordings, "pathOf" | "look" | "remove">;
	bucket: Pick<S3Bucket, "put" | "remove">;
	clock: Clock;
	log: Log;
}

/**
 * Moves finished recordings from this instance's folder to the bucket, a few at a time. A file is removed only once the bucket has
 * it whole, so a kill at any moment leaves it where the next pass through the folder finds it. While uploads fail there is one at a
 * time, with ever longer rests.
 */
export class Uploads {
	readonly #options: UploadsOptions;
	/** Calls that were answered here, and whose recording this process therefore finishes itself. */
	readonly #live = new Set<string>();
	readonly #waiting = new Map<string, RecordingName>();
	readonly #underWay = new Set<string>();
	readonly #end = new AbortController();
	#failures = 0;
	#cancelRest: (() => void) | null = null;
	#onIdle = () => {};

	constructor(options: UploadsOptions) {
		this.#options = options;
	}

	/** How many wait or are under way here, and whether the last one went well. */
	get state(): { waiting: number; up: boolean } {
		const waiting = this.#waiting.size + this.#underWay.size;
		return { waiting, up: this.#failures === 0 };
	}

	/** An event that was kept. */
	note({ type, call_id, data }: CallEvent): void {
		if (type === "call.answered") this.#live.add(call_id);
		if (type === "recording.ready" && this.#live.has(call_id))
			this.#add({ callId: call_id, attempt: data.attempt });
		if (type === "call.attempt_ended" || type === "call.ended")
			this.#live.delete(call_id);
	}

	/** A recording that lies in the folder and is not deleted. */
	async found(name: RecordingName): Promise<void> {
		const { recordings, clock } = this.#options;
		if (this.#waiting.has(keyOf(name))) return;
		const file = await recordings.look(name.callId, name.attempt);
		if (file && file.modifiedAt < clock.now() - QUIET_MS) this.#add(name);
	}

	/** Begins no more than can be done in a moment, and waits for it. */
	async stop(): Promise<void> {
		const { clock } = this.#options;
		if (this.#failures === 0 && this.state.waiting > 0) {
			const idle = new Promise<void>((resolve) => {
				this.#onIdle = resolve;
			});
			await Promise.race([
				idle,
				sleep(clock, LAST_UPLOADS_MS, this.#end.signal),
			]);
		}
		this.#end.abort(new Error("the service ends"));
		this.#cancelRest?.();
		this.#waiting.clear();
		while (this.#underWay.size > 0)
			await new Promise<void>((resolve) => {
				this.#onIdle = resolve;
			});
	}

	#add(name: RecordingName): void {
		const key = keyOf(name);
		if (this.#waiting.size >= MOST_WAITING || this.#underWay.has(key)) return;
		if (this.#end.signal.aborted) return;
		this.#waiting.set(key, name);
		this.#begin();
	}

	#begin(): void {
		const atOnce = this.#failures > 0 ? 1 : AT_ONCE;
		for (const [key, name] of this.#waiting) {
			const isFull = this.#underWay.size >= atOnce;
			if (isFull || this.#cancelRest || this.#end.signal.aborted) return;
			this.#waiting.delete(key);
			this.#underWay.add(key);
			void this.#try(key, name);
		}
	}

	async #try(key: string, name: RecordingName): Promise<void> {
		const { log } = this.#options;
		try {
			await this.#upload(name);
			if (this.#failures > 0) log.info("recordings are stored again");
			this.#failures = 0;
		} catch (error) {
			if (!this.#end.signal.aborted) {
				const err = message(error);
				const waiting = this.state.waiting;
				log.warn({ err, ...name, waiting }, "recording not stored yet");
				this.#waiting.set(key, name);
				this.#rest();
			}
		}
		this.#underWay.delete(key);
		this.#begin();
		if (this.state.waiting === 0) this.#onIdle();
	}

	#rest(): void {
		// of those that were under way one is enough to show it
		if (this.#cancelRest) return;
		const { clock } = this.#options;
		const restMs = Math.min(
			FIRST_REST_MS * 2 ** this.#failures,
			LONGEST_REST_MS,
		);
		this.#failures++;
		this.#cancelRest = clock.after(restMs, () => {
			this.#cancelRest = null;
			this.#begin();
		});
	}

	async #upload(name: RecordingName): Promise<void> {
		const { store, recordings, bucket } = this.#options;
		const { callId, attempt } = name;
		const file = await recordings.look(callId, attempt);
		// else it was moved before, or is deleted; of a try before this one the store may have it
		if (!file || !(await store.recordings.beginUpload(name)))
			return store.recordings.leaveUpload(name);
		const path = recordings.pathOf(callId, attempt);
		await bucket.put(name, { path, bytes: file.bytes }, this.#end.signal);
		if (!isSame(file, await recordings.look(callId, attempt)))
			throw new Error("it was written to meanwhile");
		if (await store.recordings.endUpload(name))
			return recordings.remove(callId, attempt);
		const [state] = await store.recordings.states([name]);
		// others have taken this instance for dead
		if (state === "kept") return;
		await bucket.remove(name);
		await store.recordings.leaveUpload(name);
		await store.recordings.forgetStored(name);
	}
}

const keyOf = ({ callId, attempt }: RecordingName) => `${callId} ${attempt}`;

/** Also where it was removed: what was read of it is whole all the same. */
const isSame = (before: FileState, now: FileState | null) =>
	now === null ||
	(now.bytes === before.bytes && now.modifiedAt === before.modifiedAt);
