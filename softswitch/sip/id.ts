import { randomBytes } from "node:crypto";

/** RFC 3261 §8.1.1.7: what every branch made by this generation of the protocol starts with. */
export const BRANCH_COOKIE = "z9hG4bK";

/** A From or To tag: 64 random bits (RFC 3261 §19.3 asks for 32). */
export function newTag(): string {
	return randomBytes(8).toString("hex");
}

/** A Via branch, unique for each transaction. */
export function newBranch(): string {
	return `${BRANCH_COOKIE}${randomBytes(9).toString("base64url")}`;
}

/** A Call-ID without a host part. */
export function newCallId(): string {
	return randomBytes(16).toString("hex");
}
