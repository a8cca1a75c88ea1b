/** The sound of one attempt of a call. */
export interface Recording {
	/** From 1. */
	attempt: number;
	path: string;
	bytes: number;
	duration_s: number;
}

export interface KeptRecording extends Recording {
	createdAt: number;
	/** It must not be given out any more, and its file goes or is gone. */
	deletedAt: number | null;
}

/** Which attempt of which call. */
export interface RecordingName {
	callId: string;
	attempt: number;
}

/** They are kept with the event that tells of them, by `Calls.append`. */
export interface KeptRecordings {
	/** Of this attempt; undefined if the account has none such. */
	find(
		cloudId: string,
		callId: string,
		attempt: number,
	): Promise<KeptRecording | undefined>;
	/** Those of a call that have one, in order. */
	attempts(cloudId: string, callId: string): Promise<number[]>;
	/** The same as `find`, whoever's it is: for who was given it. */
	named(name: RecordingName): Promise<KeptRecording | undefined>;
	/** What links to recordings are signed with, at every instance. */
	linkSecret(): Promise<string>;
	/** Marks that of an attempt, or those of all, as deleted `now`, unless it was before; returns the attempts that have one. */
	markDeleted(
		cloudId: string,
		callId: string,
		attempt: number | undefined,
		now: number,
	): Promise<number[]>;
	/** What is known of each, in the same order; `unknown` ones have no row and will have none, for their call has ended or is gone. */
	states(
		names: readonly RecordingName[],
	): Promise<("kept" | "deleted" | "unknown")[]>;
	/**
	 * Keeps that the store of recordings may have it from now on, and that this instance puts it there. False where it is not
	 * finished, or deleted, or this instance was taken for dead.
	 */
	beginUpload(name: RecordingName): Promise<boolean>;
	/** It is there. False where it was deleted meanwhile, or this instance was taken for dead. */
	endUpload(name: RecordingName): Promise<boolean>;
	/** This instance uploads it no more, whether it is there or not. */
	leaveUpload(name: RecordingName): Promise<void>;
	/** What the store may have and nobody uploads, in order, those after `after`. */
	stored(after: RecordingName | null, limit: number): Promise<RecordingName[]>;
	/** The store has it no more; one that is being uploaded stays, for who uploads it to see. */
	forgetStored(name: RecordingName): Promise<void>;
}
