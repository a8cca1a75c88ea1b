import type { Request } from "express";
import type { SessionRecord } from "../store/session.js";
import { COOKIE_PLACE, faultAt } from "./fault-at.js";
import { type LoginTools, type Principal, principalOf } from "./principal.js";
import { hashOf } from "./token.js";

/** Whom a cookie stands for; throws UNAUTHORIZED where its session is over. */
export async function enterSession(
	{ socket }: Request,
	cookie: string,
	tools: LoginTools,
): Promise<{ principal: Principal; session: SessionRecord }> {
	const { guard, directory } = tools;
	const login = { address: socket.remoteAddress ?? "", hash: hashOf(cookie) };
	guard.admit(login);
	const session = await directory.session(login.hash);
	const principal = await sessionPrincipal(login.hash, tools);
	if (!session || !principal) {
		// one that was ours once is no guess
		if (!session) guard.failed(login);
		throw faultAt(
			"UNAUTHORIZED",
			COOKIE_PLACE,
			"sign in again with POST /session {token}, or send Authorization: Bearer <auth_token>",
			{ detail: "The session is over" },
		);
	}
	guard.succeeded(login);
	return { principal, session };
}

/** Undefined once it has ended, or its token is not good any more. */
export async function sessionPrincipal(
	hash: string,
	tools: LoginTools,
): Promise<Principal | undefined> {
	const session = await tools.directory.session(hash);
	if (!session || session.expiresAt <= tools.clock.now()) return undefined;
	const { tokenId, tokenHash } = session;
	return principalOf({ tokenId, hash: tokenHash }, tools);
}
