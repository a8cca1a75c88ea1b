const number = /^\+?[0-9]{2,15}$/;

/** A number in the sense of the API: an optional plus and 2 to 15 digits (E.164's limit). */
export function isNumber(text: string): boolean {
	return number.test(text);
}

/** For logs: the last digits only, enough to tell two calls apart; of an address, the host as well. */
export function maskNumber(text: string): string {
	const [, scheme = "", user = "", host = ""] =
		/^(sips?:)?([^@]*)(@.*)?$/s.exec(text) ?? [];
	const kept = user.length >= 8 ? 4 : Math.min(2, user.length - 1);
	const shown = kept > 0 ? user.slice(-kept) : "";
	return `${scheme}${"*".repeat(user.length - shown.length)}${shown}${host}`;
}
