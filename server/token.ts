import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { newId } from "../core/id.js";

const SECRET_BYTES = 32;

/** A token as it is given out, once: what is kept of it are its id and its hash. */
export interface IssuedToken {
	id: string;
	/** `fdl_`, the id, `_`, the secret: a scanner knows one where it should not be. */
	token: string;
	hash: string;
}

/** A new token, or a new secret for the one with this id. */
export function issueToken(id = newId()): IssuedToken {
	const secret = randomBytes(SECRET_BYTES).toString("base64url");
	const token = `fdl_${id.replaceAll("-", "")}_${secret}`;
	return { id, token, hash: hashOf(token) };
}

/** The id that a token names; null where it is none of ours. */
export function tokenIdOf(token: string): string | null {
	const hex = /^fdl_([0-9a-f]{32})_[A-Za-z0-9_-]{43}$/.exec(token)?.[1];
	return (
		hex?.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") ?? null
	);
}

/** SHA-256 in hex. No salt: there are 256 random bits in what is hashed. */
export const hashOf = (token: string): string =>
	createHash("sha256").update(token).digest("hex");

/** Compares without telling by its time how much was right: hashes are of one length, whatever the secret's. */
export function sameHash(given: string, wanted: string): boolean {
	const [a, b] = [Buffer.from(given, "hex"), Buffer.from(wanted, "hex")];
	return a.length === b.length && timingSafeEqual(a, b);
}
