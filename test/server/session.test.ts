import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { MOST_SESSIONS } from "../../store/session.js";
import { newCall, queued, SLOW_MS } from "../store/data-dir.js";
import { newAccount, newToken } from "./accounts.js";
import { account, bearer, type RunningApp, startApp } from "./running-app.js";
import { type SignedIn, signIn } from "./sessions.js";

const flow = [{ id: 1, type: "call", number: "12345", caller_id: "1" }];
const HOUR_MS = 3_600_000;

let app: RunningApp;
let own: Awaited<ReturnType<typeof newAccount>>;
let session: SignedIn;
beforeAll(async () => {
	app = await startApp();
	own = await newAccount(app, "sessions");
	session = await signIn(app, own.token.token);
}, SLOW_MS);
// as long as the guard wants after a few wrong credentials
afterEach(() => app.clock.advance(10_000));
afterAll(() => app.close());

const status = async (
	method: string,
	path: string,
	headers: Record<string, string>,
	body?: unknown,
) => {
	const answer = await fetch(app.url + path, {
		...{ method, headers },
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	await answer.text();
	return answer.status;
};
const opens = async ({ cookie }: SignedIn, path = "/calls/x") =>
	(await status("GET", path, cookie)) === 404;

describe("a session", () => {
	it("is opened with a token, as a cookie that no script reads", async () => {
		expect(session).toMatchObject({
			cloud_id: "sessions",
			scopes: ["calls:write", "calls:read", "admin"],
			csrf: expect.stringMatching(/^[0-9a-f]{64}$/),
			expires_at: "2030-01-01T12:00:00.000Z",
		});
		expect(session.setCookie).toMatch(
			/^flowdial_session=[\w-]{43}; Max-Age=43200; Path=\/; Expires=[^;]*; HttpOnly; SameSite=Strict$/,
		);
		const shown = await app.get("/session", session.cookie);
		const { cloud_id, scopes, csrf, expires_at } = session;
		expect(await shown.json()).toEqual({ cloud_id, scopes, csrf, expires_at });
	});

	it.each([
		["a proxy says so", { "x-forwarded-proto": "https" }],
		["the browser says so", { origin: "https://HOST" }],
	])("is for https only where %s", async (_how, headers) => {
		const { host } = new URL(app.url);
		const sent = JSON.parse(JSON.stringify(headers).replace("HOST", host));
		const { setCookie } = await signIn(app, account.token, sent);
		expect(setCookie).toContain("; Secure");
	});

	it("is kept as a hash", async () => {
		const secret = session.cookie.cookie.split("=")[1] ?? "";
		expect(await app.store.sessions.find(secret)).toBeUndefined();
		const { createHash } = await import("node:crypto");
		const hash = createHash("sha256").update(secret).digest("hex");
		const kept = await app.store.sessions.find(hash);
		expect(kept).toMatchObject({ tokenId: own.token.id });
		expect(JSON.stringify(kept)).not.toContain(secret);
		expect(JSON.stringify(kept)).not.toContain(session.csrf);
	});

	it("opens what its token opens, and no more", async () => {
		const { token } = await newToken(app, own.headers, ["calls:read"]);
		const reader = await signIn(app, token);
		expect(reader.scopes).toEqual(["calls:read"]);
		expect(await opens(reader)).toBe(true);
		expect(await status("GET", "/tokens", reader.cookie)).toBe(403);
		expect(await status("POST", "/call/flow", reader.headers, { flow })).toBe(
			403,
		);
	});

	it("places a call, with a cloud_id that is right or none", async () => {
		const post = (body: object) =>
			status("POST", "/call/flow", session.headers, body);
		expect(await post({ flow })).toBe(202);
		expect(app.dispatcher.accepted.at(-1)).toMatchObject({
			cloudId: "sessions",
		});
		expect(await post({ flow, cloud_id: "dev" })).toBe(401);
		const auth_token = own.token.token;
		expect(await post({ flow, auth_token })).toBe(202);
		expect(await post({ flow, auth_token: account.token })).toBe(401);
	});

	it("gives way to an Authorization header", async () => {
		const wrong = { ...session.headers, authorization: "Bearer nonsense" };
		expect(await status("GET", "/calls/x", wrong)).toBe(401);
		const other = { ...session.cookie, ...bearer };
		const shown = await app.get("/accounts", other);
		expect(shown.status).toBe(200);
	});

	it("ends when it is asked to", async () => {
		const other = await signIn(app, own.token.token);
		expect(await opens(other)).toBe(true);
		const ended = await fetch(`${app.url}/session`, {
			...{ method: "DELETE", headers: other.headers },
		});
		expect(ended.status).toBe(204);
		expect(ended.headers.get("set-cookie")).toMatch(
			/^flowdial_session=; Path=\/; Expires=Thu, 01 Jan 1970/,
		);
		expect(await opens(other)).toBe(false);
		expect(await opens(session)).toBe(true);
	});

	it.each([
		["none", {}],
		["nonsense", { cookie: "flowdial_session=nonsense" }],
		["another's name", { cookie: "session=x; xflowdial_session=y" }],
		["SQL", { cookie: "flowdial_session=' or 1=1 --" }],
	])("is not opened by a cookie: %s", async (_case, headers) => {
		for (const path of ["/session", "/calls/x", "/tokens"])
			expect(await status("GET", path, headers)).toBe(401);
		expect(await status("DELETE", "/session", headers)).toBe(401);
	});

	it(
		"counts wrong cookies and tokens as wrong credentials",
		async () => {
			const stranger = await startApp();
			const wrong = { cookie: "flowdial_session=nonsense" };
			const tried = async (times: number, attempt: () => Promise<Response>) => {
				for (let n = 0; n < times; n++)
					expect((await attempt()).status).toBe(401);
			};
			await tried(25, () => stranger.get("/calls/x", wrong));
			await tried(25, () => stranger.post("/session", { token: "x" }, {}));
			expect((await stranger.get("/calls/x", wrong)).status).toBe(429);
			const signing = await stranger.post("/session", { token: "y" }, {});
			expect(signing.status).toBe(429);
			expect(Number(signing.headers.get("retry-after"))).toBeGreaterThan(0);
			await stranger.close();
		},
		SLOW_MS,
	);

	it.each([
		[{}, "$.token"],
		[{ token: 7 }, "$.token"],
		[{ token: "x", scopes: [] }, "$.scopes"],
	])("is not opened with %j", async (body, path) => {
		const answer = await app.post("/session", body, {});
		expect(answer.status).toBe(400);
		const { problems } = (await answer.json()) as {
			problems: { path: string; hint: string; value?: unknown }[];
		};
		expect(problems[0]).toMatchObject({ path, hint: expect.any(String) });
		expect(problems[0]).not.toHaveProperty("value");
	});
});

describe("a session ends with its token:", () => {
	it("when it is revoked", async () => {
		const made = await newToken(app, own.headers, ["calls:read"]);
		const other = await signIn(app, made.token);
		expect(await opens(other)).toBe(true);
		const { headers } = own;
		expect(await status("DELETE", `/tokens/${made.id}`, headers)).toBe(200);
		expect(await opens(other)).toBe(false);
		expect(await status("GET", "/session", other.cookie)).toBe(401);
	});

	it("when it is rotated, after the overlap", async () => {
		const made = await newToken(app, own.headers, ["calls:read"]);
		const other = await signIn(app, made.token);
		const path = `/tokens/${made.id}/rotate`;
		await app.post(path, { overlap_s: 10 }, own.headers);
		await app.clock.advance(9_999);
		expect(await opens(other)).toBe(true);
		await app.clock.advance(1);
		expect(await opens(other)).toBe(false);
	});

	it("when it expires", async () => {
		const at = new Date(app.clock.now() + 5_000).toISOString();
		const made = await newToken(app, own.headers, ["calls:read"], {
			expires_at: at,
		});
		const other = await signIn(app, made.token);
		await app.clock.advance(4_999);
		expect(await opens(other)).toBe(true);
		await app.clock.advance(1);
		expect(await opens(other)).toBe(false);
	});

	it("when AUTH_TOKEN is another", async () => {
		const { store } = app;
		const before = await signIn(app, account.token);
		expect(await opens(before)).toBe(true);
		const changed = { ...account, token: "another-token" };
		const close = store.close;
		const next = await startApp({
			account: changed,
			store: Object.assign({}, store, { close: async () => {} }),
		});
		expect((await next.get("/session", before.cookie)).status).toBe(401);
		expect(store.close).toBe(close);
		await next.close();
	});

	it("and after 12 hours", async () => {
		const other = await signIn(app, own.token.token);
		await app.clock.advance(12 * HOUR_MS - 1);
		expect(await opens(other)).toBe(true);
		await app.clock.advance(1);
		expect(await opens(other)).toBe(false);
		session = await signIn(app, own.token.token);
		const { retention } = app.store;
		expect(await retention.deleteSessions(app.clock.now())).toBeGreaterThan(0);
		expect(await opens(session)).toBe(true);
	});

	it("and when its token has opened too many since", async () => {
		const first = await signIn(app, own.token.token);
		for (let n = 1; n < MOST_SESSIONS; n++) {
			await app.clock.advance(10);
			session = await signIn(app, own.token.token);
		}
		await app.clock.advance(3_000);
		expect(await opens(first)).toBe(true);
		await signIn(app, own.token.token);
		await app.clock.advance(3_000);
		expect(await opens(first)).toBe(false);
		expect(await opens(session)).toBe(true);
	});
});

describe("with the cookie, what changes something", () => {
	const host = () => new URL(app.url).host;
	const cases: [string, (s: SignedIn) => Record<string, string>, number][] = [
		["comes from our page", ({ headers }) => headers, 202],
		[
			"names our origin",
			({ cookie, csrf }) => ({
				...cookie,
				"x-csrf-token": csrf,
				origin: `http://${host()}`,
			}),
			202,
		],
		["has no csrf", ({ headers: { "x-csrf-token": _, ...rest } }) => rest, 403],
		[
			"has a wrong csrf",
			({ headers }) => ({ ...headers, "x-csrf-token": "0".repeat(64) }),
			403,
		],
		[
			"comes from another site",
			({ headers }) => ({ ...headers, "sec-fetch-site": "cross-site" }),
			403,
		],
		[
			"comes from a sibling's site",
			({ headers }) => ({ ...headers, "sec-fetch-site": "same-site" }),
			403,
		],
		[
			"names another origin",
			({ cookie, csrf }) => ({
				...cookie,
				"x-csrf-token": csrf,
				origin: "http://evil.example",
			}),
			403,
		],
		[
			"names no origin",
			({ cookie, csrf }) => ({ ...cookie, "x-csrf-token": csrf }),
			403,
		],
		[
			"has a null origin",
			({ cookie, csrf }) => ({
				...cookie,
				"x-csrf-token": csrf,
				origin: "null",
			}),
			403,
		],
	];
	it.each(cases)("%s", async (_case, headersOf, wanted) => {
		const call = newCall({ cloudId: "sessions" });
		await app.store.calls.insert(call, queued(call));
		const answer = await fetch(`${app.url}/calls/${call.id}/stop`, {
			...{ method: "POST", headers: headersOf(session) },
		});
		const text = await answer.text();
		expect(answer.status, text).toBe(wanted);
		expect(app.dispatcher.stopped.includes(call.id)).toBe(wanted === 202);
		if (wanted === 403)
			expect(JSON.parse(text)).toMatchObject({
				code: "FORBIDDEN",
				detail: expect.stringMatching(/send the csrf|Origin/),
			});
	});

	it("ends no session from elsewhere", async () => {
		const elsewhere = { ...session.headers, "sec-fetch-site": "cross-site" };
		expect(await status("DELETE", "/session", elsewhere)).toBe(403);
		expect(await status("DELETE", "/session", session.cookie)).toBe(403);
		expect(await opens(session)).toBe(true);
	});

	it("signs nobody in from elsewhere", async () => {
		const { token } = account;
		for (const headers of [
			{ "sec-fetch-site": "cross-site" },
			{ origin: "http://evil.example" },
		]) {
			const answer = await app.post("/session", { token }, headers);
			expect(answer.status).toBe(403);
			expect(answer.headers.get("set-cookie")).toBeNull();
		}
	});
});
