import { instant } from "../core/clock.js";
import type { AccountRecord, TokenRecord } from "../store/account.js";
import { type Page, pageToken } from "./page.js";

/** An account as the API shows it. */
export function accountView(account: AccountRecord) {
	return {
		cloud_id: account.cloudId,
		cloud_sid: account.cloudSid,
		name: account.name,
		limits: account.limits,
		created_at: instant(account.createdAt),
	};
}

/** A token as the API shows it: never its secret. */
export function tokenView(token: TokenRecord) {
	return {
		id: token.id,
		cloud_id: token.cloudId,
		name: token.name,
		scopes: token.scopes,
		created_at: instant(token.createdAt),
		expires_at: shown(token.expiresAt),
		revoked_at: shown(token.revokedAt),
		last_used_at: shown(token.lastUsedAt),
	};
}

const shown = (epochMs: number | null) =>
	epochMs === null ? null : instant(epochMs);

/** One more than `size` was asked for: it tells whether there is another page. */
export function listView<Item extends { number: number }, View>(
	found: readonly Item[],
	{ size }: Page,
	view: (item: Item) => View,
) {
	const result = found.slice(0, size);
	const last = result.at(-1);
	return {
		result: result.map(view),
		next_page_token:
			last && found.length > size ? pageToken(last.number) : null,
	};
}
