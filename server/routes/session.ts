import type { Request, RequestHandler, Response, Router } from "express";
import { z } from "zod";
import { instant } from "../../core/clock.js";
import { scopes } from "../../core/limits.js";
import type { SessionRecord } from "../../store/session.js";
import { loginOf, signIn } from "../auth.js";
import { bodyBytes } from "../body-bytes.js";
import type { AppDeps } from "../deps.js";
import { only } from "../edges.js";
import { COOKIE_PLACE, faultAt } from "../fault-at.js";
import { parseJson, refuseCostly } from "../json-body.js";
import { keepRate, type LoginTools, type Principal } from "../principal.js";
import { readOwnBody } from "../read-input.js";
import {
	clearCookie,
	csrfOf,
	newSession,
	refuseForeignPage,
	refuseForgery,
	sessionCookieOf,
	setCookie,
} from "../session.js";
import { enterSession } from "../session-login.js";

const MOST_BYTES = 10_000;

export const wanted = z.strictObject({
	token: z
		.string({ error: "write a token of the account" })
		.describe("AUTH_TOKEN, or a token of the account"),
});

/** What POST and GET /session answer. */
export const sessionAnswer = z.object({
	cloud_id: z.string().describe("The account that is signed in"),
	scopes: z.array(z.enum(scopes)).describe("Those of the token"),
	csrf: z
		.string()
		.describe("To be sent as X-CSRF-Token with all but GET and HEAD"),
	expires_at: z.iso
		.datetime()
		.describe("When it ends, if it has not before with its token"),
});

/** /session: what the dashboard signs in with, since a browser's EventSource and <audio> send cookies only. */
export function addSessionRoutes(
	api: Router,
	deps: AppDeps,
	tools: LoginTools,
): void {
	api
		.route("/session")
		.post(open(deps, tools))
		.get(show(tools))
		.delete(end(deps, tools))
		.all(only("GET", "POST", "DELETE"));
}

function open({ store, clock }: AppDeps, tools: LoginTools): RequestHandler {
	return async (request, response) => {
		refuseForeignPage(request);
		const token = await readToken(request, tools);
		const login = loginOf(request, token);
		const principal = await signIn(login, null, tools);
		keepRate(tools.rates, principal);
		const { hash: tokenHash } = login;
		// AUTH_TOKEN may look as if it named an id
		const tokenId = principal.tokenId;
		const { secret, session } = newSession({ tokenId, tokenHash }, clock.now());
		await store.sessions.add(session);
		setCookie(request, response, secret);
		answer(response.status(201), principal, session, secret);
	};
}

/** Who sends no token yet makes little work, and what is wrong counts as a wrong credential. */
async function readToken(
	request: Request,
	{ guard }: LoginTools,
): Promise<string> {
	const unread = { ...loginOf(request, ""), hash: null };
	guard.admit(unread);
	const bytes = await bodyBytes(request, MOST_BYTES);
	try {
		refuseCostly(bytes);
		return readOwnBody(wanted, parseJson(bytes)).token;
	} catch (error) {
		guard.failed(unread);
		throw error;
	}
}

function show(tools: LoginTools): RequestHandler {
	return async (request, response) => {
		const cookie = cookieOf(request);
		const { principal, session } = await enterSession(request, cookie, tools);
		answer(response, principal, session, cookie);
	};
}

function end({ store, directory }: AppDeps, tools: LoginTools): RequestHandler {
	return async (request, response) => {
		const cookie = cookieOf(request);
		const { session } = await enterSession(request, cookie, tools);
		refuseForgery(request, cookie);
		await store.sessions.remove(session.hash);
		directory.forget(session.hash);
		clearCookie(request, response);
		response.status(204).end();
	};
}

function cookieOf(request: Request): string {
	const cookie = sessionCookieOf(request);
	if (cookie === undefined)
		throw faultAt(
			"UNAUTHORIZED",
			COOKIE_PLACE,
			"sign in with POST /session {token}",
			{ detail: "There is no session" },
		);
	return cookie;
}

function answer(
	response: Response,
	{ cloudId, scopes }: Principal,
	{ expiresAt }: SessionRecord,
	secret: string,
): void {
	response.json({
		...{ cloud_id: cloudId, scopes: [...scopes], csrf: csrfOf(secret) },
		expires_at: instant(expiresAt),
	} satisfies z.input<typeof sessionAnswer>);
}
