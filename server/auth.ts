import type { Request, RequestHandler, Response } from "express";
import { defaultLimits, type Limits, type Scope } from "../core/limits.js";
import { bodyBytes, encodingOf, tooLarge } from "./body-bytes.js";
import { AUTHORIZATION, faultAt } from "./fault-at.js";
import { parseJson, refuseCostly } from "./json-body.js";
import {
	keepRate,
	keepScope,
	type LoginTools,
	type Principal,
	principalOf,
	type TokenLogin,
} from "./principal.js";
import { refuseForgery, sessionCookieOf } from "./session.js";
import { enterSession, sessionPrincipal } from "./session-login.js";
import { hashOf, sameHash, tokenIdOf } from "./token.js";

/** What a body says of who it comes from. */
interface Fields {
	cloud_id: unknown;
	cloud_sid: unknown;
	auth_token: unknown;
}

/** Who asks, and whether that holds later on: a stream lasts. */
interface Entered {
	principal: Principal;
	again(): Promise<Principal | undefined>;
}

/**
 * Lets only accounts through, and reads the body: by `Authorization: Bearer <token>`, which is looked at before the body, or by
 * cloud_id, cloud_sid and auth_token in the body; with the header those may be left out, but what is given must be right. The cookie
 * of a session counts as the header with the token that it was opened with, where there is no header. Then the account's request
 * rate, the token's scope and the body's size are looked at, in this order. `headerOnly`: the body's fields have a meaning of their
 * own.
 */
export function authenticate(tools: LoginTools) {
	return (scope: Scope, { headerOnly = false } = {}): RequestHandler =>
		async (request, response, next) => {
			const keep = (principal: Principal) => {
				keepRate(tools.rates, principal);
				keepScope(scope, principal, placeOf(response));
			};
			const { principal, again } = await enter(
				request,
				headerOnly,
				keep,
				tools,
			);
			response.locals.cloudId = principal.cloudId;
			response.locals.limits = principal.limits;
			response.locals.isStillGood = async () =>
				(await again())?.scopes.includes(scope) ?? false;
			next();
		};
}

type Keep = (principal: Principal) => void;

function enter(
	request: Request,
	headerOnly: boolean,
	keep: Keep,
	tools: LoginTools,
): Promise<Entered> {
	if (request.get("authorization") !== undefined)
		return byHeader(request, headerOnly, keep, tools);
	const cookie = sessionCookieOf(request);
	return cookie === undefined
		? byBody(request, headerOnly, keep, tools)
		: byCookie(request, cookie, { headerOnly, keep, tools });
}

async function byHeader(
	request: Request,
	headerOnly: boolean,
	keep: Keep,
	tools: LoginTools,
): Promise<Entered> {
	const header = request.get("authorization") ?? "";
	// another scheme is a credential too, and a wrong one
	const token = /^Bearer +(\S+)$/i.exec(header)?.[1] ?? "";
	const login = loginOf(request, token);
	const principal = await signIn(login, null, tools, placeOf(request.res));
	keep(principal);
	if (!(await isBodyRight(request, login, principal, headerOnly))) {
		tools.guard.failed(login);
		throw wrongCredential();
	}
	return { principal, again: () => principalOf(login, tools) };
}

async function byCookie(
	request: Request,
	cookie: string,
	{
		headerOnly,
		keep,
		tools,
	}: { headerOnly: boolean; keep: Keep; tools: LoginTools },
): Promise<Entered> {
	const { principal, session } = await enterSession(request, cookie, tools);
	if (hasBody(request)) refuseForgery(request, cookie);
	keep(principal);
	const login = { hash: session.tokenHash };
	if (!(await isBodyRight(request, login, principal, headerOnly)))
		throw wrongCredential();
	const { hash } = session;
	return { principal, again: () => sessionPrincipal(hash, tools) };
}

/** Reads the body of who is known already; what it says of its account must be right. */
async function isBodyRight(
	request: Request,
	login: Pick<TokenLogin, "hash">,
	principal: Principal,
	headerOnly: boolean,
): Promise<boolean> {
	if (!hasBody(request)) return true;
	request.body = parseJson(await bodyBytes(request, mostBytes(principal)));
	return headerOnly || isRight(fieldsOf(request.body), login, principal, true);
}

/** Who has shown nothing yet makes no work before it is known how often it failed, and little then. */
async function byBody(
	request: Request,
	headerOnly: boolean,
	keep: Keep,
	tools: LoginTools,
): Promise<Entered> {
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
	return { principal, again: () => principalOf(login, tools) };
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

export function loginOf({ socket }: Request, token: string): TokenLogin {
	const address = socket.remoteAddress ?? "";
	return { address, tokenId: tokenIdOf(token), hash: hashOf(token) };
}

/** Has faults told at another JSON path than the header's, which the client did not send. */
export function tokenCameAt(place: string, { locals }: Response): void {
	locals.tokenPlace = place;
}

const placeOf = (response: Response | undefined): string =>
	response?.locals.tokenPlace ?? AUTHORIZATION;

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

const noCredential = () =>
	faultAt(
		"UNAUTHORIZED",
		AUTHORIZATION,
		"send Authorization: Bearer <auth_token>, or cloud_id, cloud_sid and auth_token in the body",
		{ detail: "No credential was given" },
	);

const wrongCredential = (place = AUTHORIZATION) =>
	faultAt(
		"UNAUTHORIZED",
		place,
		"send a token that is in use; cloud_id, cloud_sid and auth_token must be those of one account",
		{ detail: "The credential is wrong" },
	);

/** Whether who asked may still do so: the token, the session and the scope are what they were. */
export function isStillGood(response: Response): Promise<boolean> {
	cloudIdOf(response);
	const { isStillGood } = response.locals as {
		isStillGood: () => Promise<boolean>;
	}; // set together with the cloudId
	return isStillGood();
}

/** `fields`: those of a body that is the credential. */
export async function signIn(
	login: TokenLogin,
	fields: Partial<Fields> | null,
	tools: LoginTools,
	place = AUTHORIZATION,
): Promise<Principal> {
	const { guard } = tools;
	guard.admit(login);
	const principal = await principalOf(login, tools);
	if (!principal || (fields && !isRight(fields, login, principal, false))) {
		guard.failed(login);
		throw wrongCredential(place);
	}
	guard.succeeded(login);
	return principal;
}

/** Whether a body's fields are those of the account that a credential opened. */
function isRight(
	{ auth_token, cloud_id, cloud_sid }: Partial<Fields>,
	{ hash }: Pick<TokenLogin, "hash">,
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
