/** The sound of one attempt of a call. */
export interface Recording {
	/** From 1. */
	attempt: number;
	path: string;
	bytes: number;
	duration_s: number;
}

export interface KeptRecording extends Recording {
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
}
