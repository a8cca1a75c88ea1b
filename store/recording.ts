/** The sound of one attempt of a call. */
export interface Recording {
	/** From 1. */
	attempt: number;
	path: string;
	bytes: number;
	duration_s: number;
}

/** They are kept with the event that tells of them, by `Calls.append`. */
export interface KeptRecordings {
	/** Of this attempt; undefined if the account has none such, or it was deleted. */
	find(
		cloudId: string,
		callId: string,
		attempt: number,
	): Promise<Recording | undefined>;
}
