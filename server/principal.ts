import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import {
	defaultLimits,
	type Limits,
	type Scope,
	scopes,
} from "../core/limits.js";
import type { Log } from "../core/log.js";
import { RateLimit } from "../core/rate-limit.js";
import type { Accounts, TokenSecrets } from "../store/account.js";
import type { Directory } from "./directory.js";
import { AUTHORIZATION, faultAt } from "./fault-at.js";
import { type Login, LoginGuard } from "./login-guard.js";
import { hashOf, sameHash } from "./token.js";

/** The operator's account and its token, which the environment names. */
export interface Account {
	cloudId: string;
	/** Undefined: any cloud_sid will do. */
	cloudSid: string | undefined;
	token: string;
}

export interface PrincipalDeps {
	account: Account;
	directory: Directory;
	store: { accounts: Pick<Accounts, "tokenUsed"> };
	clock: Clock;
	log: Log;
}

/** Whom a token stands for. */
export interface Principal {
	cloudId: string;
	cloudSid: string | undefined;
	scopes: readonly Scope[];
	limits: Limits;
	/** Null: AUTH_TOKEN. */
	tokenId: string | null;
}

/** What every way in shares: one guard and one count of requests. */
export type LoginTools = PrincipalDeps & {
	guard: LoginGuard;
	rates: RateLimit;
};

export const loginTools = (deps: PrincipalDeps): LoginTools => ({
	...deps,
	guard: new LoginGuard(deps.clock),
	rates: new RateLimit(deps.clock),
});

/** How often it is written that a token is in use. */
const USED_MS = 60_000;

/** `tokenId`: which token it names, if it names one. */
export type TokenLogin = Login & { tokenId: string | null };

/** Undefined where the token is none, or not any more. */
export async function principalOf(
	{ hash, tokenId }: Pick<TokenLogin, "hash" | "tokenId">,
	{ account, directory, store, clock, log }: PrincipalDeps,
): Promise<Principal | undefined> {
	if (sameHash(hash, hashOf(account.token))) {
		const limits = await directory.limitsOf(account.cloudId);
		return { ...account, scopes, limits, tokenId: null };
	}
	const token = tokenId === null ? undefined : await directory.token(tokenId);
	if (!token || !isLive(token, hash, clock.now())) return undefined;
	const found = await directory.account(token.cloudId);
	if (!found) return undefined;
	const { cloudId, cloudSid, limits } = found;
	const now = clock.now();
	if (now - (token.lastUsedAt ?? 0) >= USED_MS) {
		token.lastUsedAt = now;
		store.accounts
			.tokenUsed(token.id, now)
			.catch((error) => log.warn({ err: message(error) }, "use not kept"));
	}
	return {
		...{ cloudId, limits, scopes: token.scopes, tokenId: token.id },
		cloudSid: cloudSid ?? undefined,
	};
}

function isLive(token: TokenSecrets, hash: string, now: number): boolean {
	const { previous, expiresAt, revokedAt } = token;
	const isNewest = sameHash(hash, token.hash);
	const isPrevious =
		previous !== null && sameHash(hash, previous.hash) && now < previous.until;
	return (
		(isNewest || isPrevious) &&
		revokedAt === null &&
		(expiresAt === null || now < expiresAt)
	);
}

export function keepScope(
	scope: Scope,
	{ scopes }: Principal,
	place = AUTHORIZATION,
): void {
	if (scopes.includes(scope)) return;
	throw faultAt("FORBIDDEN", place, "use a token that has it", {
		detail: `This wants the scope ${scope}, and the token has ${scopes.join(", ") || "none"}`,
	});
}

export function keepRate(
	rates: RateLimit,
	{ cloudId, limits }: Principal,
): void {
	const perSecond =
		limits.requests_per_second ?? defaultLimits.requests_per_second;
	const burst = Math.max(1, 2 * perSecond);
	const waitMs = rates.take(cloudId, { perSecond, burst });
	if (waitMs === 0) return;
	throw faultAt("TOO_MANY_REQUESTS", "$", "wait as long as Retry-After says", {
		detail: `The account may make ${perSecond} requests a second (requests_per_second)`,
		retryAfterS: waitMs / 1_000,
	});
}
