import { createHash, timingSafeEqual } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import { Fault } from "../core/fault.js";

export interface Account {
	cloudId: string;
	/** Undefined: any cloud_sid will do. */
	cloudSid: string | undefined;
	token: string;
}

/** What a request says of who it comes from. */
interface Credentials {
	bearer: string | undefined;
	cloud_id: unknown;
	cloud_sid: unknown;
	auth_token: unknown;
}

/**
 * Lets only the account through, by `Authorization: Bearer <auth_token>` or by cloud_id, cloud_sid and auth_token in the
 * body; with the header those may be left out, but what is given must be right.
 */
export function authenticate(account: Account): RequestHandler {
	return (request, response, next) => {
		const given = credentials(request);
		if (given.bearer === undefined && given.auth_token === undefined)
			throw new Fault(
				"UNAUTHORIZED",
				"No credential was given: send Authorization: Bearer <auth_token>, or cloud_id, cloud_sid and auth_token in the body",
			);
		if (!isRight(given, account))
			throw new Fault(
				"UNAUTHORIZED",
				"The credential is wrong: cloud_id, cloud_sid and auth_token must be those of one account",
			);
		response.locals.cloudId = account.cloudId;
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

function credentials(request: Request): Credentials {
	const header = request.get("authorization");
	const bearer = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
	const body: unknown = request.body;
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

function isRight(given: Credentials, account: Account): boolean {
	const mayBeLeftOut = given.bearer !== undefined;
	const checks = [
		given.bearer === undefined || same(given.bearer, account.token),
		given.auth_token === undefined || same(given.auth_token, account.token),
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

/** Compares without telling by its time how much was right: hashes are of one length, whatever the secret's. */
function same(given: unknown, wanted: string): boolean {
	if (typeof given !== "string" && typeof given !== "number") return false;
	const [a, b] = [String(given), wanted].map((text) =>
		createHash("sha256").update(text).digest(),
	) as [Buffer, Buffer]; // two in, two out
	return timingSafeEqual(a, b);
}
