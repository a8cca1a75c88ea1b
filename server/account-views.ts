import { z } from "zod";
import { instant } from "../core/clock.js";
import { limitFields, scopes } from "../core/limits.js";
import type { AccountRecord, TokenRecord } from "../store/account.js";
import { instantAnswer, instantOrNull } from "./answer.js";
import { type Page, pageToken } from "./page.js";

export const accountAnswer = z
	.object({
		cloud_id: z.string().describe("The account's name in every request"),
		cloud_sid: z.string().nullable().describe("Null: any cloud_sid will do"),
		name: z.string().describe("For people"),
		limits: z
			.object(limitFields)
			.partial()
			.describe("Those that were set; each other one has its default"),
		created_at: instantAnswer("When it was made"),
	})
	.meta({ id: "Account", description: "An account" });

export const tokenAnswer = z
	.object({
		id: z.guid().describe("The token's id, which is no secret"),
		cloud_id: z.string().describe("The account that it opens"),
		name: z.string().describe("For people"),
		scopes: z.array(z.enum(scopes)).describe("What it is good for"),
		created_at: instantAnswer("When it was made"),
		expires_at: z.iso
			.datetime()
			.nullable()
			.describe("It is good until then; null: for good"),
		revoked_at: instantOrNull("When it was revoked"),
		last_used_at: instantOrNull("When it was last used, to the minute"),
	})
	.meta({ id: "Token", description: "A token, without its secret" });

/** With the secret, which no other answer shows. */
export const issuedTokenAnswer = tokenAnswer
	.extend({
		token: z.string().describe("The token itself: it is shown this once"),
	})
	.meta({ id: "IssuedToken", description: "A token that was just made" });

export const newAccountAnswer = accountAnswer
	.extend({
		token: issuedTokenAnswer.describe("The first token that opens it"),
	})
	.meta({ id: "NewAccount", description: "An account that was just made" });

/** An account as the API shows it. */
export function accountView(
	account: AccountRecord,
): z.infer<typeof accountAnswer> {
	return {
		cloud_id: account.cloudId,
		cloud_sid: account.cloudSid,
		name: account.name,
		limits: account.limits,
		created_at: instant(account.createdAt),
	};
}

/** A token as the API shows it: never its secret. */
export function tokenView(token: TokenRecord): z.infer<typeof tokenAnswer> {
	return {
		id: token.id,
		cloud_id: token.cloudId,
		name: token.name,
		scopes: [...token.scopes],
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
