import { randomBytes } from "node:crypto";
import type { CookieOptions, Request, Response } from "express";
import type { SessionRecord } from "../store/session.js";
import { faultAt } from "./fault-at.js";
import { hashOf, sameHash } from "./token.js";

const COOKIE = "flowdial_session";
const CSRF_HEADER = "X-CSRF-Token";
const SECRET_BYTES = 32;
const LASTS_MS = 12 * 3_600_000;

/** What the request's session cookie holds; undefined where it has none. */
export function sessionCookieOf(request: Request): string | undefined {
	const pairs = request.get("cookie")?.split(";") ?? [];
	const prefix = `${COOKIE}=`;
	const pair = pairs
		.map((one) => one.trim())
		.find((one) => one.startsWith(prefix));
	return pair?.slice(prefix.length);
}

/** A new session: the secret goes into the cookie, all else is kept. */
export function newSession(
	token: Pick<SessionRecord, "tokenId" | "tokenHash">,
	now: number,
): { secret: string; session: SessionRecord } {
	const secret = randomBytes(SECRET_BYTES).toString("base64url");
	const times = { createdAt: now, expiresAt: now + LASTS_MS };
	return { secret, session: { ...token, ...times, hash: hashOf(secret) } };
}

/** What a page repeats in X-CSRF-Token: only who can read our answers knows it, and it does not tell the secret. */
export const csrfOf = (secret: string): string => hashOf(`csrf ${secret}`);

export function setCookie(
	request: Request,
	response: Response,
	secret: string,
): void {
	response.cookie(COOKIE, secret, {
		...cookieOptions(request),
		maxAge: LASTS_MS,
	});
}

export function clearCookie(request: Request, response: Response): void {
	response.clearCookie(COOKIE, cookieOptions(request));
}

const cookieOptions = (request: Request): CookieOptions => ({
	httpOnly: true,
	sameSite: "strict",
	path: "/",
	secure: cameByHttps(request),
});

/** Also where a proxy in front speaks TLS: it says so, or the browser does. Who lies leaves out an attribute of the own cookie only. */
const cameByHttps = (request: Request) =>
	request.secure ||
	/^https\b/i.test(request.get("x-forwarded-proto") ?? "") ||
	/^https:/i.test(request.get("origin") ?? "");

/** A browser sends the cookie whichever page had it ask: what changes something must come from a page of ours. */
export function refuseForgery(request: Request, secret: string): void {
	const given = request.get(CSRF_HEADER) ?? "";
	if (!sameHash(hashOf(given), hashOf(csrfOf(secret))))
		throw faultAt(
			"FORBIDDEN",
			`$.headers["${CSRF_HEADER}"]`,
			"send the csrf that GET /session answers, or Authorization: Bearer <auth_token> instead of the cookie",
			{
				detail: `With the session cookie ${request.method} wants the header ${CSRF_HEADER}`,
			},
		);
	if (siteOf(request) !== "same") throw foreignPage();
}

/** POST /session: no other page signs a browser in, to an account of its own perhaps. Programs name no page. */
export function refuseForeignPage(request: Request): void {
	if (siteOf(request) === "other") throw foreignPage();
}

const foreignPage = () =>
	faultAt(
		"FORBIDDEN",
		"$.headers.Origin",
		"ask from a page of this service, and have a proxy pass Host on as it came",
		{
			detail: "Sec-Fetch-Site, or Origin beside Host, does not name this site",
		},
	);

/** Whose page had the browser ask. Sec-Fetch-Site comes over https and from this machine only, Origin always. */
function siteOf(request: Request): "same" | "other" | "unknown" {
	const site = request.get("sec-fetch-site");
	if (site !== undefined) return site === "same-origin" ? "same" : "other";
	const origin = request.get("origin");
	if (origin === undefined) return "unknown";
	const host = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
	return host?.toLowerCase() === request.get("host")?.toLowerCase()
		? "same"
		: "other";
}
