import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../core/id.js";
import { SLOW_MS } from "../store/data-dir.js";
import { bearerOf, newAccount, newToken, type ShownToken } from "./accounts.js";
import { type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
let own: Awaited<ReturnType<typeof newAccount>>;
beforeAll(async () => {
	app = await startApp();
	own = await newAccount(app, "tokens");
}, SLOW_MS);
afterAll(() => app.close());

const remove = (path: string, headers: Record<string, string>) =>
	fetch(app.url + path, { method: "DELETE", headers });
const opens = async (token: string) =>
	(await app.get("/tokens", bearerOf(token))).status === 200;
const rotate = async (id: string, overlap_s?: number) => {
	const answer = await app.post(
		`/tokens/${id}/rotate`,
		{ overlap_s },
		own.headers,
	);
	expect(answer.status).toBe(200);
	return (await answer.json()) as ShownToken;
};

describe("a token", () => {
	it("is shown once and kept as a hash", async () => {
		const made = await newToken(app, own.headers, ["admin"]);
		expect(made.token).toMatch(/^fdl_[0-9a-f]{32}_[\w-]{43}$/);
		const secret = made.token.slice(-43);
		const list = await (await app.get("/tokens", own.headers)).text();
		expect(list).toContain(made.id);
		expect(list).not.toContain(secret);
		const kept = await app.store.accounts.tokenSecrets(made.id);
		expect(JSON.stringify(kept)).not.toContain(secret);
		expect(kept?.hash).toMatch(/^[0-9a-f]{64}$/);
	});

	it("opens the account by the body too, with cloud_id and cloud_sid", async () => {
		const call = { id: 1, type: "call", number: "12345", caller_id: "1" };
		const right = {
			...{ cloud_id: "tokens", cloud_sid: "tokens-sid" },
			...{ auth_token: own.token.token, flow: [call] },
		};
		const status = async (changes: object) =>
			(await app.post("/call/flow", { ...right, ...changes }, {})).status;
		expect(await status({})).toBe(202);
		expect(app.dispatcher.accepted.at(-1)).toMatchObject({ cloudId: "tokens" });
		expect(await status({ cloud_id: "dev" })).toBe(401);
		expect(await status({ cloud_sid: "SID" })).toBe(401);
		expect(await status({ cloud_id: undefined })).toBe(401);
	});

	it.each([
		"fdl_",
		`fdl_${"0".repeat(32)}_${"A".repeat(43)}`,
		"fdl_' or 1=1 --",
		`fdl_${"0".repeat(32)}_${"A".repeat(5_000)}`,
	])("is not %s", async (token) => {
		expect(await opens(token)).toBe(false);
	});

	it("is none with one character changed", async () => {
		const { token } = own.token;
		const other = token.at(-2) === "A" ? "B" : "A";
		expect(await opens(token)).toBe(true);
		expect(await opens(token.slice(0, -2) + other + token.at(-1))).toBe(false);
	});

	it("ends at once when it is revoked, and stays so", async () => {
		const made = await newToken(app, own.headers, ["admin"]);
		expect(await opens(made.token)).toBe(true);
		const first = await remove(`/tokens/${made.id}`, own.headers);
		const { revoked_at } = (await first.json()) as ShownToken;
		expect(revoked_at).not.toBeNull();
		expect(await opens(made.token)).toBe(false);
		await app.clock.advance(1_000);
		const again = await remove(`/tokens/${made.id}`, own.headers);
		expect(await again.json()).toMatchObject({ revoked_at });
		const path = `/tokens/${made.id}/rotate`;
		expect((await app.post(path, {}, own.headers)).status).toBe(404);
	});

	it("ends with its secrets before, when it is revoked", async () => {
		const made = await newToken(app, own.headers, ["admin"]);
		const next = await rotate(made.id, 60);
		expect(await opens(made.token)).toBe(true);
		expect(await opens(next.token)).toBe(true);
		await remove(`/tokens/${made.id}`, own.headers);
		expect(await opens(made.token)).toBe(false);
		expect(await opens(next.token)).toBe(false);
	});

	it("goes on beside its next secret for as long as was said", async () => {
		const made = await newToken(app, own.headers, ["admin"]);
		const next = await rotate(made.id, 10);
		await app.clock.advance(9_999);
		expect(await opens(made.token)).toBe(true);
		await app.clock.advance(1);
		expect(await opens(made.token)).toBe(false);
		expect(await opens(next.token)).toBe(true);
		const last = await rotate(made.id);
		expect(await opens(next.token)).toBe(false);
		expect(await opens(last.token)).toBe(true);
	});

	it("has one secret, however many rotate it at a time", async () => {
		const made = await newToken(app, own.headers, ["admin"]);
		const all = await Promise.all(
			Array.from({ length: 8 }, () => rotate(made.id)),
		);
		await app.clock.advance(1);
		const good = await Promise.all(all.map(({ token }) => opens(token)));
		expect(good.filter(Boolean)).toHaveLength(1);
	});

	it("ends when it expires, to the millisecond", async () => {
		const at = app.clock.now() + 5_000;
		const made = await newToken(app, own.headers, ["admin"], {
			expires_at: new Date(at).toISOString(),
		});
		await app.clock.advance(4_999);
		expect(await opens(made.token)).toBe(true);
		await app.clock.advance(1);
		expect(await opens(made.token)).toBe(false);
	});

	it("tells when it was used last, to the minute", async () => {
		const made = await newToken(app, own.headers, ["admin"]);
		const used = async () =>
			(await app.store.accounts.tokenSecrets(made.id))?.lastUsedAt ?? null;
		expect(await used()).toBeNull();
		const first = app.clock.now();
		await opens(made.token);
		await expect.poll(used).toBe(first);
		await app.clock.advance(59_999);
		await opens(made.token);
		expect(await used()).toBe(first);
		await app.clock.advance(1);
		await opens(made.token);
		await expect.poll(used).toBe(first + 60_000);
	});

	it.each([
		[{}, "$.name"],
		[{ name: "x", scopes: [] }, "$.scopes"],
		[{ name: "x", scopes: ["root"] }, "$.scopes[0]"],
		[{ name: "x\r\ny", scopes: ["admin"] }, "$.name"],
		[{ name: "x", scopes: ["admin"], expires_at: "soon" }, "$.expires_at"],
		[
			{ name: "x", scopes: ["admin"], expires_at: "2001-01-01T00:00:00Z" },
			"$.expires_at",
		],
		[{ name: "x", scopes: ["admin"], hash: "00" }, "$.hash"],
	])("is not made of %j", async (body, path) => {
		const answer = await app.post("/tokens", body, own.headers);
		expect(answer.status).toBe(400);
		const { problems } = (await answer.json()) as {
			problems: { path: string; hint: string }[];
		};
		expect(problems.map((one) => one.path)).toContain(path);
		for (const { hint } of problems) expect(hint).not.toBe("");
	});

	it("is made for another account by the operator only", async () => {
		const body = { name: "x", scopes: ["calls:read"] };
		const there = { ...body, cloud_id: "tokens" };
		const made = await app.post("/tokens", there);
		expect(await made.json()).toMatchObject({ cloud_id: "tokens" });
		const foreign = { ...body, cloud_id: "dev" };
		expect((await app.post("/tokens", foreign, own.headers)).status).toBe(403);
		const nobody = { ...body, cloud_id: "nobody" };
		expect((await app.post("/tokens", nobody)).status).toBe(404);
	});

	it("has no such id: another's, none, nonsense", async () => {
		for (const id of [newId(), "x", "%00", "..%2f"]) {
			expect((await remove(`/tokens/${id}`, own.headers)).status).toBe(404);
			const path = `/tokens/${id}/rotate`;
			expect((await app.post(path, {}, own.headers)).status).toBe(404);
		}
	});

	it("is listed page by page", async () => {
		const ids: string[] = [];
		let next: string | null = "";
		for (let pages = 0; next !== null && pages < 50; pages++) {
			const query: string = next === "" ? "" : `&page_token=${next}`;
			const answer = await app.get(`/tokens?page_size=3${query}`, own.headers);
			const page = (await answer.json()) as {
				result: ShownToken[];
				next_page_token: string | null;
			};
			ids.push(...page.result.map(({ id }) => id));
			next = page.next_page_token;
		}
		expect(ids[0]).toBe(own.token.id);
		expect(new Set(ids).size).toBe(ids.length);
		expect(ids.length).toBeGreaterThan(6);
	});
});

describe("an account", () => {
	it("has a cloud_id of its own", async () => {
		const answer = await app.post("/accounts", { cloud_id: "tokens" });
		expect(answer.status).toBe(409);
		expect(await answer.json()).toMatchObject({
			code: "ACCOUNT_EXISTS",
			problems: [{ path: "$.cloud_id" }],
		});
	});

	it("has its limits changed one by one, and set back with null", async () => {
		const patch = async (body: object, id = "tokens") => {
			const answer = await fetch(`${app.url}/accounts/${id}`, {
				...{ method: "PATCH", body: JSON.stringify(body) },
				headers: { authorization: "Bearer secret-token" },
			});
			return { status: answer.status, body: await answer.json() };
		};
		await patch({ limits: { live_calls: 3, allow_prefixes: ["+49"] } });
		const changed = await patch({ limits: { live_calls: null, max_steps: 7 } });
		expect(changed.body).toMatchObject({
			name: "account",
			limits: { allow_prefixes: ["+49"], max_steps: 7 },
		});
		expect(
			await patch({
				name: "Renamed",
				limits: { allow_prefixes: null, max_steps: null },
			}),
		).toMatchObject({ body: { name: "Renamed", limits: {} } });
		for (const limits of [{ toString: 1 }, { max_steps: 0 }, [], null, 7]) {
			const refused = await patch({ limits });
			expect(refused.status, JSON.stringify(limits)).toBe(400);
			expect(refused.body).toMatchObject({
				problems: [{ path: expect.stringMatching(/^\$\.limits/) }],
			});
		}
		const proto = await fetch(`${app.url}/accounts/tokens`, {
			...{ method: "PATCH", body: '{"limits": {"__proto__": {"x": 1}}}' },
			headers: { authorization: "Bearer secret-token" },
		});
		expect(proto.status).toBe(400);
		for (const id of ["nobody", "%00", "a%0d%0ab"])
			expect((await patch({ name: "x" }, id)).status).toBe(404);
	});
});
