import type { Request, RequestHandler, Response } from "express";
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
import { bodyBytes, encodingOf, tooLarge } from "./body-bytes.js";
import type { Directory } from "./directory.js";
import { faultAt } from "./fault-at.js";
import { parseJson, refuseCostly } from "./json-body.js";
import { type Login, LoginGuard } from "./login-guard.js";
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

/** What a body says of who it comes from. */
interface Fields {
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

type Tools = AuthDeps & { guard: LoginGuard };

/**
 * Lets only accounts through, and reads the body: by `Authorization: Bearer <token>`, which is looked at before the body, or by
 * cloud_id, cloud_sid and auth_token in the body; with the header those may be left out, but what is given must be right. Then the
 * account's request rate, the token's scope and the body's size are looked at, in this order. `headerOnly`: the body's fields have
 * a meaning of their own.
 */
export function authenticate(deps: AuthDeps) {
	const tools = { ...deps, guard: new LoginGuard(deps.clock) };
	const rates = new RateLimit(deps.clock);
	return (scope: Scope, { headerOnly = false } = {}): RequestHandler =>
		async (request, response, next) => {
			const keep = (principal: Principal) => {
				keepRate(rates, principal);
				keepScope(scope, principal);
			};
			const { cloudId, limits } =
				request.get("authorization") === undefined
					? await byBody(request, headerOnly, keep, tools)
					: await byHeader(request, headerOnly, keep, tools);
			response.locals.cloudId = cloudId;
			response.locals.limits = limits;
			next();
		};
}

/** `tokenId`: which token it names, if it names one. */
type TokenLogin = Login & { tokenId: string | null };
type Keep = (principal: Principal) => void;

async function byHeader(
	request: Request,
	headerOnly: boolean,
	keep: Keep,
	tools: Tools,
): Promise<Principal> {
	const header = request.get("authorization") ?? "";
	// another scheme is a credential too, and a wrong one
	const token = /^Bearer +(\S+)$/i.exec(header)?.[1] ?? "";
	const login = loginOf(request, token);
	const principal = await signIn(login, null, tools);
	keep(principal);
	if (!hasBody(request)) return principal;
	request.body = parseJson(await bodyBytes(request, mostBytes(principal)));
	if (headerOnly || isRight(fieldsOf(request.body), login, principal, true))
		return principal;
	tools.guard.failed(login);
	throw wrongCredential();
}

/** Who has shown nothing yet makes no work before it is known how often it failed, and little then. */
async function byBody(
	request: Request,
	headerOnly: boolean,
	keep: Keep,
	tools: Tools,
): Promise<Principal> {
	if (headerOnly || !hasBody(request)) throw noCredential();
	const { guard } = tools;
	const unread = { ...loginOf(request, ""), hash: null };
	guard.admit(unread);
	if (encodingOf(request) !== null)
		throw faultAt(
			"BAD_REQUEST",
			'$.headers["Content-Encoding"]',
			"it is read only with Authorization: Bearer <auth_token>; leave it out, or send that header",
		);
	const bytes = await bodyBytes(request);
	guard.admit(unread);
	const fields = strangeFields(request, bytes, () => guard.failed(unread));
	const login = loginOf(request, asText(fields.auth_token) ?? "");
	const principal = await signIn(login, fields, tools);
	keep(principal);
	if (bytes.length > mostBytes(principal)) throw tooLarge(mostBytes(principal));
	return principal;
}

function strangeFields(
	request: Request,
	bytes: Buffer,
	failed: () => void,
): Partial<Fields> {
	try {
		refuseCostly(bytes);
		request.body = parseJson(bytes);
		const fields = fieldsOf(request.body);
		if (fields.auth_token === undefined) throw noCredential();
		return fields;
	} catch (error) {
		if (bytes.length > 0) failed();
		throw error;
	}
}

const hasBody = ({ method }: Request) => method !== "GET" && method !== "HEAD";

const mostBytes = ({ limits }: Principal) =>
	limits.max_body_bytes ?? defaultLimits.max_body_bytes;

function loginOf({ socket }: Request, token: string): TokenLogin {
	const address = socket.remoteAddress ?? "";
	return { address, tokenId: tokenIdOf(token), hash: hashOf(token) };
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

function fieldsOf(body: unknown): Partial<Fields> {
	// whatever they are: they are only compared
	return typeof body === "object" && body !== null ? body : {};
}

const AUTHORIZATION = "$.headers.Authorization";

const noCredential = () =>
	faultAt(
		"UNAUTHORIZED",
		AUTHORIZATION,
		"send Authorization: Bearer <auth_token>, or cloud_id, cloud_sid and auth_token in the body",
		{ detail: "No credential was given" },
	);

const wrongCredential = () =>
	faultAt(
		"UNAUTHORIZED",
		AUTHORIZATION,
		"send a token that is in use; cloud_id, cloud_sid and auth_token must be those of one account",
		{ detail: "The credential is wrong" },
	);

/** `fields`: those of a body that is the credential. */
async function signIn(
	login: TokenLogin,
	fields: Partial<Fields> | null,
	tools: Tools,
): Promise<Principal> {
	const { guard } = tools;
	guard.admit(login);
	const principal = await principalOf(login, tools);
	if (!principal || (fields && !isRight(fields, login, principal, false))) {
		guard.failed(login);
		throw wrongCredential();
	}
	guard.succeeded(login);
	return principal;
}

async function principalOf(
	{ hash, tokenId }: TokenLogin,
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

/** Whether a body's fields are those of the account that a credential opened. */
function isRight(
	{ auth_token, cloud_id, cloud_sid }: Partial<Fields>,
	{ hash }: Login,
	{ cloudId, cloudSid }: Principal,
	mayBeLeftOut: boolean,
): boolean {
	const checks = [
		auth_token === undefined
			? mayBeLeftOut
			: sameHash(hashOf(asText(auth_token) ?? ""), hash),
		cloud_id === undefined ? mayBeLeftOut : same(cloud_id, cloudId),
		cloudSid === undefined ||
			(cloud_sid === undefined ? mayBeLeftOut : same(cloud_sid, cloudSid)),
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

function keepScope(scope: Scope, { scopes }: Principal): void {
	if (scopes.includes(scope)) return;
	throw faultAt("FORBIDDEN", AUTHORIZATION, "use a token that has it", {
		detail: `This wants the scope ${scope}, and the token has ${scopes.join(", ") || "none"}`,
	});
}

function keepRate(rates: RateLimit, { cloudId, limits }: Principal): void {
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
