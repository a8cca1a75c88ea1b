import type { Request, RequestHandler, Response } from "express";
import type { Clock } from "../core/clock.js";
import { Fault, message } from "../core/fault.js";
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
import { LoginGuard } from "./login-guard.js";
import { hashOf, sameHash, tokenIdOf } from "./token.js";

/** The operator's account and its token, which the environment names. */
export interface Account {
	cloudId: string;
	/** Undefined: any cloud_sid will do. */
	cloudSid: string | undefined;
	token: string;
}

export interface AuthDeps {
	account: Account;
	directory: Directory;
	store: { accounts: Pick<Accounts, "tokenUsed"> };
	clock: Clock;
	log: Log;
}

/** What a request says of who it comes from. */
interface Credentials {
	bearer: string | undefined;
	cloud_id: unknown;
	cloud_sid: unknown;
	auth_token: unknown;
}

/** Whom a token stands for. */
interface Principal {
	cloudId: string;
	cloudSid: string | undefined;
	scopes: readonly Scope[];
	limits: Limits;
}

/** How often it is written that a token is in use. */
const USED_MS = 60_000;

/**
 * Lets only accounts through, by `Authorization: Bearer <token>` or by cloud_id, cloud_sid and auth_token in the body; with the
 * header those may be left out, but what is given must be right. Then the account's request rate, the token's scope and the
 * body's size are looked at, in this order. `headerOnly`: the body's fields have a meaning of their own.
 */
export function authenticate(deps: AuthDeps) {
	const guard = new LoginGuard(deps.clock);
	const rates = new RateLimit(deps.clock);
	return (scope: Scope, { headerOnly = false } = {}): RequestHandler =>
		async (request, response, next) => {
			const given = credentials(request, headerOnly);
			const principal = await signIn(given, request, guard, deps);
			const { cloudId, limits } = principal;
			keepRate(rates, cloudId, limits);
			if (!principal.scopes.includes(scope))
				throw new Fault(
					"FORBIDDEN",
					`This wants the scope ${scope}, and the token has ${principal.scopes.join(", ") || "none"}: use one that has it`,
				);
			const mostBytes = limits.max_body_bytes ?? defaultLimits.max_body_bytes;
			if (Number(response.locals.bodyBytes ?? 0) > mostBytes)
				throw new Fault(
					"BODY_TOO_LARGE",
					`$: a body of this account has at most ${mostBytes} bytes (max_body_bytes); send less`,
				);
			response.locals.cloudId = cloudId;
			response.locals.limits = limits;
			next();
		};
}

/** The account that a request came from. */
export function cloudIdOf(response: Response): string {
	const { cloudId } = response.locals;
	if (typeof cloudId !== "string")
		throw new Error("a route without authentication asked for its account");
	return cloudId;
}

/** What the account that a request came from may do. */
export function limitsOf(response: Response): Limits {
	cloudIdOf(response);
	return response.locals.limits as Limits; // set together with the cloudId
}

function credentials(request: Request, headerOnly: boolean): Credentials {
	const header = request.get("authorization");
	const bearer = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
	const body: unknown = headerOnly ? undefined : request.body;
	const { cloud_id, cloud_sid, auth_token } = (
		typeof body === "object" && body !== null ? body : {}
	) as Partial<Credentials>; // whatever they are: they are only compared
	return {
		// another scheme is a credential too, and a wrong one
		bearer: header === undefined ? undefined : (bearer ?? ""),
		cloud_id,
		cloud_sid,
		auth_token,
	};
}

async function signIn(
	given: Credentials,
	request: Request,
	guard: LoginGuard,
	deps: AuthDeps,
): Promise<Principal> {
	if (given.bearer === undefined && given.auth_token === undefined)
		throw new Fault(
			"UNAUTHORIZED",
			"No credential was given: send Authorization: Bearer <auth_token>, or cloud_id, cloud_sid and auth_token in the body",
		);
	const token = given.bearer ?? asText(given.auth_token) ?? "";
	const hash = hashOf(token);
	const tokenId = tokenIdOf(token);
	const address = request.socket.remoteAddress ?? "";
	const login = { address, tokenId, hash };
	guard.admit(login);
	const principal = await principalOf(hash, tokenId, deps);
	if (!principal || !isRight(given, hash, principal)) {
		guard.failed(login);
		throw new Fault(
			"UNAUTHORIZED",
			"The credential is wrong: cloud_id, cloud_sid and auth_token must be those of one account",
		);
	}
	guard.succeeded(login);
	return principal;
}

async function principalOf(
	hash: string,
	tokenId: string | null,
	{ account, directory, store, clock, log }: AuthDeps,
): Promise<Principal | undefined> {
	if (sameHash(hash, hashOf(account.token))) {
		const limits = await directory.limitsOf(account.cloudId);
		return { ...account, scopes, limits };
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
		...{ cloudId, limits, scopes: token.scopes },
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

/** `hash` is of the token that named the account. */
function isRight(
	given: Credentials,
	hash: string,
	account: Principal,
): boolean {
	const mayBeLeftOut = given.bearer !== undefined;
	const checks = [
		given.auth_token === undefined ||
			sameHash(hashOf(asText(given.auth_token) ?? ""), hash),
		given.cloud_id === undefined
			? mayBeLeftOut
			: same(given.cloud_id, account.cloudId),
		account.cloudSid === undefined ||
			(given.cloud_sid === undefined
				? mayBeLeftOut
				: same(given.cloud_sid, account.cloudSid)),
	];
	return checks.every(Boolean);
}

/** The time it takes tells nothing. */
function same(given: unknown, wanted: string): boolean {
	const text = asText(given);
	return text !== undefined && sameHash(hashOf(text), hashOf(wanted));
}

const asText = (given: unknown) =>
	typeof given === "string" || typeof given === "number"
		? String(given)
		: undefined;

function keepRate(rates: RateLimit, cloudId: string, limits: Limits): void {
	const perSecond =
		limits.requests_per_second ?? defaultLimits.requests_per_second;
	const burst = Math.max(1, 2 * perSecond);
	const waitMs = rates.take(cloudId, { perSecond, burst });
	if (waitMs === 0) return;
	throw new Fault(
		"TOO_MANY_REQUESTS",
		`The account may make ${perSecond} requests a second (requests_per_second); wait as long as Retry-After says`,
		{ retryAfterS: waitMs / 1_000 },
	);
}
