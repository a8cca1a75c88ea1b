import { createHmac, timingSafeEqual } from "node:crypto";

/** What an address grants, and until when. */
export interface Grant {
	/** Two grants that are not the same are never the same text. */
	what: string;
	/** Epoch seconds. */
	expires: number;
}

/** Signs a grant for an address to carry: whoever has the secret knows it again. */
export function signatureOf(
	{ what, expires }: Grant,
	secret: string | Uint8Array,
): string {
	return createHmac("sha256", secret)
		.update(`${expires} ${what}`)
		.digest("base64url");
}

/** Whether somebody with the secret has granted it, and it is good at `now`, epoch milliseconds. The time it takes tells nothing. */
export function isGranted(
	grant: Grant,
	signature: string,
	{ secret, now }: { secret: string | Uint8Array; now: number },
): boolean {
	const [wanted, given] = [
		Buffer.from(signatureOf(grant, secret)),
		Buffer.from(signature),
	];
	if (wanted.length !== given.length || !timingSafeEqual(wanted, given))
		return false;
	return grant.expires * 1_000 > now;
}
