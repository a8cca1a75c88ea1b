import { expect } from "vitest";
import type { Limits, Scope } from "../../core/limits.js";
import type { RunningApp } from "./running-app.js";

export interface ShownToken {
	id: string;
	token: string;
	name: string;
	scopes: Scope[];
	revoked_at: string | null;
	last_used_at: string | null;
}

export const bearerOf = (token: string) => ({
	authorization: `Bearer ${token}`,
});

/** A new account, and the headers of its first token. */
export async function newAccount(
	app: RunningApp,
	cloudId: string,
	limits: Limits = {},
) {
	const body = { cloud_id: cloudId, cloud_sid: `${cloudId}-sid`, limits };
	const answer = await app.post("/accounts", body);
	const made = (await answer.json()) as { token: ShownToken };
	expect(answer.status, JSON.stringify(made)).toBe(201);
	return { cloudId, token: made.token, headers: bearerOf(made.token.token) };
}

export async function newToken(
	app: RunningApp,
	headers: Record<string, string>,
	scopes: Scope[],
	more: object = {},
) {
	const answer = await app.post(
		"/tokens",
		{ name: "t", scopes, ...more },
		headers,
	);
	const made = (await answer.json()) as ShownToken;
	expect(answer.status, JSON.stringify(made)).toBe(201);
	return { ...made, headers: bearerOf(made.token) };
}
