import { expect } from "vitest";
import type { RunningApp } from "./running-app.js";

/** What POST /session answers. */
interface Session {
	cloud_id: string;
	scopes: string[];
	csrf: string;
	expires_at: string;
}

export interface SignedIn extends Session {
	/** As it was set, with its attributes. */
	setCookie: string;
	/** The header that a browser sends from now on. */
	cookie: { cookie: string };
	/** What a page of ours sends with all but GET. */
	headers: Record<string, string>;
}

/** As the dashboard signs in. */
export async function signIn(
	app: RunningApp,
	token: string,
	headers: Record<string, string> = {},
): Promise<SignedIn> {
	const answer = await app.post("/session", { token }, headers);
	const session = (await answer.json()) as Session;
	expect(answer.status, JSON.stringify(session)).toBe(201);
	const setCookie = answer.headers.get("set-cookie") ?? "";
	const cookie = { cookie: setCookie.split(";")[0] ?? "" };
	const page = { "sec-fetch-site": "same-origin" };
	return {
		...{ ...session, setCookie, cookie },
		headers: { ...cookie, ...page, "x-csrf-token": session.csrf },
	};
}
