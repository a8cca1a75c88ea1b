import { createHash, timingSafeEqual } from "node:crypto";

/** Takes as long whatever the two have in common. */
export function sameSecret(given: string, secret: string): boolean {
	const digest = (text: string) => createHash("sha256").update(text).digest();
	return timingSafeEqual(digest(given), digest(secret));
}
