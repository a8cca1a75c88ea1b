import { randomFillSync } from "node:crypto";

/** Random bytes are fetched by the page: one call for each tag costs more than all else it takes to make a request. */
const pool = Buffer.alloc(4_096);
let used = pool.length;

function random(bytes: number): Buffer {
	if (used + bytes > pool.length) {
		randomFillSync(pool);
		used = 0;
	}
	used += bytes;
	return pool.subarray(used - bytes, used);
}

/** RFC 3261 §8.1.1.7: what every branch made by this generation of the protocol starts with. */
export const BRANCH_COOKIE = "z9hG4bK";

/** A From or To tag: 64 random bits (RFC 3261 §19.3 asks for 32). */
export function newTag(): string {
	return random(8).toString("hex");
}

/** A Via branch, unique for each transaction. */
export function newBranch(): string {
	return `${BRANCH_COOKIE}${random(9).toString("base64url")}`;
}

/** A Call-ID without a host part. */
export function newCallId(): string {
	return random(16).toString("hex");
}
