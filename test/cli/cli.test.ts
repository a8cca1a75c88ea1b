import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bearerOf } from "../server/accounts.js";
import { account, type RunningApp, startApp } from "../server/running-app.js";
import { SLOW_MS } from "../store/data-dir.js";
import { runCli } from "../support/cli.js";

let app: RunningApp;
let folder: string;
beforeAll(async () => {
	app = await startApp();
	folder = mkdtempSync(join(tmpdir(), "flowdial-cli-"));
}, SLOW_MS);
afterAll(async () => {
	rmSync(folder, { recursive: true });
	await app.close();
});

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
			expect(nobody.err).toMatch(
				/does not answer: .*\n.*npm start.*FLOWDIAL_URL/,
			);
		},
		SLOW_MS,
	);

	it(
		"says it once, and names the command that shows what there is",
		async () => {
			const call = await cli(["calls", "show", "1563"]);
			expect(call.err).toBe(
				"404: No call has this id: use an id that npx flowdial calls shows to this account\n",
			);
			const token = await cli(["token", "revoke", "1563"]);
			expect(token.err).toContain("that npx flowdial token list shows");
			const account = await cli(["account", "limits", "nobody"]);
			expect(account.err).toContain("npx flowdial account list shows all");
			const two = ["max_steps=0", "max_stepz=1"];
			const { err } = await cli(["account", "limits", "dev", ...two]);
			expect(err).toMatch(
				/^400: 2 things.*\n {2}\$\.limits\.\w+: .*\n {2}\$\.limits\.\w+: .*\n$/,
			);
		},
		SLOW_MS,
	);

	it(
		"examines what the service uses, an address that is none apart",
		async () => {
			const wrong = await cli(["doctor", "--webhook", "nope"]);
			expect(wrong).toMatchObject({ code: 1, out: "" });
			expect(wrong.err).toMatch(/^400: \$\.webhook: .+\n$/);
			const down = await cli(["doctor"], {
				FLOWDIAL_URL: "http://127.0.0.1:1",
			});
			expect(down.out).toMatch(
				/^WRONG {2}service .* does not answer: [^?\n]+\n {21} *has it been started \(npm start\)/,
			);
			const refused = await cli(["doctor"], { FLOWDIAL_TOKEN: "wrong" });
			expect(refused.out).toMatch(
				/^WRONG {2}service +401: .+\n {21}--token or/,
			);
		},
		SLOW_MS,
	);

	it(
		"tells what is odd about a call as it does with --follow",
		async () => {
			const steps = [
				{ id: 0, type: "call", number: "12345", caller_id: "1", next_step: 1 },
				{ id: 1, type: "play", text: "<<word>>" },
			];
			const path = join(folder, "flow.json");
			writeFileSync(path, JSON.stringify(steps));
			const { out, err, code } = await cli(["call", path]);
			expect(err).toMatch(/^odd {3}\$\.flow\[1\]\.text: no step sets it.*\n$/);
			expect(out).toMatch(/^id +\S{36}\nstatus +queued\n$/);
			expect(code).toBe(0);
			const { warnings } = await json("call", path);
			expect(warnings).toMatchObject([{ path: "$.flow[1].text" }]);
		},
		SLOW_MS,
	);

	it.each([
		[["calls", "--url", "127.0.0.1:3400"], /Begin with http:\/\//],
		[["calls", "--url", "localhost:3400"], /Begin with http:\/\//],
		[["calls", "--url", "ftp://127.0.0.1"], /Begin with http:\/\//],
		[["call"], /missing required argument 'file'/],
		[["tokens"], /unknown command 'tokens'\n\(Did you mean token\?\)/],
		[["tokens", "--help"], /unknown command 'tokens'/],
		[["help", "tokens"], /unknown command 'tokens'/],
	])("does not understand %j, and names the help", async (args, words) => {
		const { out, err, code } = await cli(args);
		expect({ out, code }).toEqual({ out: "", code: 1 });
		expect(err).toMatch(words);
		expect(err).toMatch(/See npx flowdial --help\n$/);
	});

	it.each([
		[["--help"]],
		[["help"]],
		[["token", "--help"]],
		[["help", "token"]],
	])("explains itself: %j", async (args) => {
		const { out, err, code } = await cli(args);
		expect({ err, code }).toEqual({ err: "", code: 0 });
		expect(out).toMatch(/^Usage: flowdial/);
	});
});
