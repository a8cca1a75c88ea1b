import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bearerOf } from "../server/accounts.js";
import { account, type RunningApp, startApp } from "../server/running-app.js";
import { SLOW_MS } from "../store/data-dir.js";
import { runCli } from "../support/cli.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());

const cli = (args: string[], env: Record<string, string> = {}) =>
	runCli(args, {
		env: { FLOWDIAL_URL: app.url, FLOWDIAL_TOKEN: account.token, ...env },
	});
const json = async (...args: string[]) => {
	const { out, err } = await cli(["--json", ...args]);
	expect(err).toBe("");
	return JSON.parse(out);
};
const opens = async (token: string) =>
	(await app.get("/tokens", bearerOf(token))).status === 200;

describe("the command line", () => {
	it(
		"makes, lists, rotates and revokes tokens",
		async () => {
			const made = await json("token", "create", "ci", "--scopes", "admin");
			expect(await opens(made.token)).toBe(true);
			const { out } = await cli(["token", "list"]);
			expect(out).toMatch(/^id +name +scopes /);
			expect(out).toMatch(new RegExp(`${made.id} +ci +admin `));
			expect(out).not.toContain(made.token);
			const next = await json("token", "rotate", made.id, "--overlap", "60");
			expect(await opens(made.token)).toBe(true);
			expect(await opens(next.token)).toBe(true);
			const revoked = await cli(["token", "revoke", made.id]);
			expect(revoked.out).toMatch(/^revoked_at +2030-/m);
			expect(await opens(next.token)).toBe(false);
		},
		SLOW_MS,
	);

	it(
		"makes accounts, and changes their limits",
		async () => {
			const args = ["account", "create", "acme", "--sid", "s"];
			const made = await json(...args, "--limit", "live_calls=5");
			expect(made).toMatchObject({
				cloud_id: "acme",
				limits: { live_calls: 5 },
			});
			expect(await opens(made.token.token)).toBe(true);
			const set = ["allow_prefixes=+49,+43", "live_calls="];
			const changed = await json("account", "limits", "acme", ...set);
			expect(changed.limits).toEqual({ allow_prefixes: ["+49", "+43"] });
			const all = await json("account", "list");
			expect(all.map((one: { cloud_id: string }) => one.cloud_id)).toEqual([
				...["dev", "acme"],
			]);
			const own = await json("token", "create", "x", "--account", "acme");
			expect(own).toMatchObject({ cloud_id: "acme" });
		},
		SLOW_MS,
	);

	it.each([
		[["live_calls=2O"], "live_calls: write a number"],
		[["live_calls=0x20"], "live_calls: write a number"],
		[["live_calls=1e3"], "live_calls: write a number"],
		[["live_calls= "], "live_calls: write a number"],
		[["live_calls=5", "live_calls=6"], "write live_calls once"],
		[["live_calls=5", "live_calls="], "write live_calls once"],
		[["allow_prefixes=+49,,+43"], "write what the list is to hold"],
		[["allow_prefixes=+49,"], "write what the list is to hold"],
	])(
		"changes no limit by %j",
		async (given, hint) => {
			await json("account", "limits", "dev", "live_calls=7");
			const bad = await cli(["account", "limits", "dev", ...given]);
			expect(bad).toMatchObject({ code: 1, out: "" });
			expect(bad.err).toContain(hint);
			const [dev] = await json("account", "list");
			expect(dev.limits).toEqual({ live_calls: 7 });
		},
		SLOW_MS,
	);

	it(
		"says what is wrong, and fails",
		async () => {
			const bad = await cli(["account", "limits", "dev", "max_steps=0"]);
			expect(bad).toMatchObject({ code: 1, out: "" });
			expect(bad.err).toContain("$.limits.max_steps: at least 1");
			const unknown = await cli(["account", "limits", "dev", "nonsense"]);
			expect(unknown).toMatchObject({ code: 1, err: "write name=value\n" });
			const none = await cli(["token", "list"], { FLOWDIAL_TOKEN: "" });
			expect(none.code).toBe(1);
			expect(none.err).toContain("FLOWDIAL_TOKEN");
			const nobody = await cli([
				"token",
				"list",
				"--url",
				"http://127.0.0.1:1",
			]);
			expect(nobody.code).toBe(1);
			expect(nobody.err).toContain("does not answer");
		},
		SLOW_MS,
	);
});
