import type { Limits, Scope } from "../core/limits.js";

export interface NewAccount {
	cloudId: string;
	/** Null: any cloud_sid will do. */
	cloudSid: string | null;
	name: string;
	limits: Limits;
	/** Epoch milliseconds, as all instants here. */
	createdAt: number;
}

export interface AccountRecord extends NewAccount {
	/** Its place in lists. */
	number: number;
}

export interface NewToken {
	id: string;
	cloudId: string;
	name: string;
	scopes: readonly Scope[];
	/** SHA-256 of the whole token, in hex. */
	hash: string;
	createdAt: number;
	expiresAt: number | null;
}

export interface TokenRecord extends Omit<NewToken, "hash"> {
	/** Its place in lists. */
	number: number;
	revokedAt: number | null;
	lastUsedAt: number | null;
}

/** What a token is compared with. */
export interface TokenSecrets extends TokenRecord {
	hash: string;
	/** Good until then, beside the newer one. */
	previous: { hash: string; until: number } | null;
}

/** Lists are in the order in which things were made, those with a `number` above `after`. */
export interface ListPage {
	after: number;
	limit: number;
}

/** An account whose calls are limited. */
export interface LimitedAccount {
	cloudId: string;
	liveCalls?: number | undefined;
	callsPerSecond?: number | undefined;
}

/** Accounts, and the tokens that open them. Each method is one statement. */
export interface Accounts {
	/** Makes an account with its first token; undefined if the cloud_id is taken. */
	create(
		account: NewAccount,
		token: NewToken,
	): Promise<{ account: AccountRecord; token: TokenRecord } | undefined>;
	/** Makes the account that the environment names, or gives it that cloud_sid. */
	ensure(account: NewAccount): Promise<void>;
	find(cloudId: string): Promise<AccountRecord | undefined>;
	/** Those whose calls are limited, how many instances share the work, and how many of these began before this one. */
	limited(): Promise<{
		accounts: LimitedAccount[];
		instances: number;
		before: number;
	}>;
	/** Calls `listener` when `limited` may have something new. */
	onLimits(listener: () => void): void;
	list(page: ListPage): Promise<AccountRecord[]>;
	/** A limit that is null goes back to its default; undefined if there is no such account. */
	change(
		cloudId: string,
		changes: {
			name?: string | undefined;
			limits?: { [L in keyof Limits]: Limits[L] | null } | undefined;
		},
	): Promise<AccountRecord | undefined>;
	tokens(cloudId: string, page: ListPage): Promise<TokenRecord[]>;
	addToken(token: NewToken): Promise<TokenRecord>;
	/** Gives a live token a new secret; the one before it goes on until `previousUntil`. Undefined if the account has none such that lives at `now`. */
	rotateToken(
		cloudId: string,
		id: string,
		rotation: { hash: string; now: number; previousUntil: number },
	): Promise<TokenRecord | undefined>;
	/** Undefined if the account has none such; one that was revoked before stays as it is. */
	revokeToken(
		cloudId: string,
		id: string,
		now: number,
	): Promise<TokenRecord | undefined>;
	/** Of any account; `id` must be a UUID. */
	tokenSecrets(id: string): Promise<TokenSecrets | undefined>;
	tokenUsed(id: string, at: number): Promise<void>;
}
