/** Of one token; who signs in once more ends the oldest. */
export const MOST_SESSIONS = 100;

/** A browser that is signed in. */
export interface SessionRecord {
	/** SHA-256 of what its cookie holds, in hex. */
	hash: string;
	/** The token that it was opened with; null is AUTH_TOKEN. */
	tokenId: string | null;
	/** SHA-256 of that token, in hex: the session is good for as long as it is. */
	tokenHash: string;
	createdAt: number;
	expiresAt: number;
}

/** Each method is one statement. */
export interface Sessions {
	add(session: SessionRecord): Promise<void>;
	find(hash: string): Promise<SessionRecord | undefined>;
	remove(hash: string): Promise<void>;
}
