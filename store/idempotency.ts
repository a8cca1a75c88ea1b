/** The first answer to a request, for those that repeat it. */
export interface KeptAnswer {
	status: number;
	location: string;
	body: unknown;
}

/** What is kept with a call: the key it was posted with, and what its client is told. */
export interface KeyAnswer {
	key: string;
	answer: KeptAnswer;
}

export type Claim =
	/** It is this request's, until its call is kept or it is given back. */
	| { kind: "claimed" }
	| { kind: "in_flight" }
	| { kind: "other_body" }
	| { kind: "answered"; answer: KeptAnswer };

/** Keys that make a repeated request harmless. A key goes with the call's own statement: neither is ever kept without the other. */
export interface IdempotencyKeys {
	/** Throws LEASE_LOST once this instance was taken for dead. */
	claim(
		cloudId: string,
		key: string,
		request: { bodyHash: string; now: number },
	): Promise<Claim>;
	/** For a request that came to nothing; one that was answered stays. */
	giveBack(cloudId: string, key: string): Promise<void>;
	/** Deletes those made before, and tells how many; without it too they are good for 24 h only. */
	expire(before: number): Promise<number>;
}
