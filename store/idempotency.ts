/** How long a key is good. */
export const KEY_KEPT_MS = 24 * 3_600_000;

/** The first answer to a request, for those that repeat it. */
export interface KeptAnswer {
	status: number;
	location: string;
	body: unknown;
}

/** What is kept with what a request makes: the key it was posted with, and what its client is told. */
export interface KeyAnswer {
	key: string;
	answer: KeptAnswer;
}

/** Undefined for a request without a key. */
export type AnswerTo<Made> = (made: Made) => KeyAnswer | undefined;

export type Claim =
	/** It is this request's, until what it makes is kept or it is given back. */
	| { kind: "claimed" }
	| { kind: "in_flight" }
	/** Or the same on another route. */
	| { kind: "other_body" }
	| { kind: "answered"; answer: KeptAnswer };

/** Keys that make a repeated request harmless. An answer is kept in the transaction of what it tells of: neither is ever there without the other. */
export interface IdempotencyKeys {
	/** Throws LEASE_LOST once this instance was taken for dead. */
	claim(
		cloudId: string,
		key: string,
		request: { bodyHash: string; now: number },
	): Promise<Claim>;
	/** For a request that claimed it at `now` and came to nothing; one that was answered stays. */
	giveBack(cloudId: string, key: string, now: number): Promise<void>;
}
