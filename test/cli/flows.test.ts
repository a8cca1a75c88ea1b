import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { account, type RunningApp, startApp } from "../server/running-app.js";
import { SLOW_MS } from "../store/data-dir.js";
import { runCli } from "../support/cli.js";

const flow = [
	{ id: 0, type: "call", number: "support", caller_id: "1", next_step: 1 },
	{ id: 1, type: "play", text: "Hello <<name>>.", next_step: 2 },
	{ id: 2, type: "keypad", count: 1, flow: { 1: 3, "*": 4, timeout: 5 } },
	{
		...{ id: 3, type: "http", url: "https://example.com/" },
		...{ variables: { word: "$.word" }, next_step: 5 },
	},
	{ id: 4, type: "connect", number: "5263", next_step: 5 },
	{ id: 5, type: "play", text: "<<word>>" },
];

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "flowdial-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

// no loudspeaker: PATH names nothing
const cli = (args: string[], input = "", env: Record<string, string> = {}) =>
	runCli(args, { env: { PATH: folder, ...env }, input });

function file(content: unknown): string {
	const path = join(folder, "flow.json");
	writeFileSync(
		path,
		typeof content === "string" ? content : JSON.stringify(content),
	);
	return path;
}

describe("flowdial lint", () => {
	it("says what is odd about a list of steps or a body, and fails if asked to", async () => {
		const list = await cli(["lint", file(flow)]);
		expect(list).toMatchObject({ code: 0, err: "" });
		expect(list.out).toContain("odd   $[1].text (<<name>>): no step sets it");
		const body = { record: true, variables: { name: "Ada", word: "" }, flow };
		const whole = await cli(["lint", file(body), "--strict"]);
		expect(whole.out).toMatch(/nothing is wrong\n$/);
		expect(whole.code).toBe(0);
		const strict = await cli(["lint", file(flow), "--strict"]);
		expect(strict.code).toBe(1);
		const misspelt = { recrod: true, retry: { attempt: 3 }, flow };
		const wrong = await cli(["lint", file(misspelt)]);
		expect(wrong.code).toBe(1);
		expect(wrong.out).toContain(
			'wrong $.recrod: unknown field; did you mean "record"?',
		);
		expect(wrong.out).toContain("wrong $.retry.attempt");
	});

	it("says what is wrong, and fails", async () => {
		const wrong = [...flow.slice(0, 5), { id: 5, type: "plai", text: "" }];
		const { out, code } = await cli(["lint", file({ flow: wrong })]);
		expect(code).toBe(1);
		expect(out).toContain(
			'wrong $.flow[5].type (plai): no type of a step; did you mean "play"?',
		);
		const json = await cli(["--json", "lint", file({ flow: wrong })]);
		expect(JSON.parse(json.out).problems).toContainEqual(
			expect.objectContaining({ path: "$.flow[5].type", value: "plai" }),
		);
		const variables = await cli(["lint", file(flow), "--var", "call.x=1"]);
		expect(variables.out).toContain('wrong $.variables["call.x"] (1)');
	});

	it("knows voice ids from a file, and takes any without one", async () => {
		const entities = join(folder, "entities.json");
		const user = { kind: "user", name: "Ann", targets: ["12345"] };
		writeFileSync(entities, JSON.stringify({ 5263: user }));
		const known = await cli(["lint", file(flow), "--entities", entities]);
		expect(known.out).toContain("wrong $[0].number (support): write a number");
		writeFileSync(entities, '{"5263":\n{]');
		const broken = await cli(["lint", file(flow), "--entities", entities]);
		expect(broken).toMatchObject({ code: 1, out: "" });
		expect(broken.err).toMatch(
			/entities\.json is not JSON: line 2, column 2: /,
		);
	});

	it.each([
		['{"flow": [', /flow\.json is not JSON: line 1, column 11/],
		['"flow"', /holds neither a list of steps nor an object/],
	])("tells what is no flow: %s", async (content, words) => {
		const { err, code } = await cli(["lint", file(content)]);
		expect(code).toBe(1);
		expect(err).toMatch(words);
	});

	it("reads the standard input, and tells of a file that is not there", async () => {
		const { out } = await cli(["lint", "-"], JSON.stringify(flow));
		expect(out).toMatch(/^-: 0 wrong, 1 odd$/m);
		const none = await cli(["lint", join(folder, "none.json")]);
		expect(none).toMatchObject({ code: 1, out: "" });
		expect(none.err).toMatch(/none\.json cannot be read/);
	});

	it(
		"asks the API, which knows more",
		async () => {
			const app: RunningApp = await startApp();
			const env = { FLOWDIAL_URL: app.url, FLOWDIAL_TOKEN: account.token };
			const { out, code } = await cli(
				["lint", file({ recrod: true, flow }), "--remote"],
				"",
				env,
			);
			await app.close();
			expect(code).toBe(1);
			expect(out).toContain(
				'wrong $.recrod: unknown field; did you mean "record"?',
			);
			expect(out).toContain("wrong $.flow[0].number (support)");
		},
		SLOW_MS,
	);
});

describe("flowdial simulate", () => {
	it("asks for keys and answers where the flow waits, until they are understood", async () => {
		const typed = ["x", "1", '200 {"word": "Fine."}'];
		const { out, err, code } = await cli(
			["simulate", file(flow), "--var", "name=Ada"],
			`${typed.join("\n")}\n`,
		);
		expect({ err, code }).toEqual({ err: "", code: 0 });
		for (const line of [
			...["« Hello Ada. »", "write 1 to 32 keys"],
			...["2 keypad: pressed, flow.1 → 3", "word=Fine.", "« Fine. »"],
			"The flow came to its end, at 5",
		])
			expect(out).toContain(line);
		const silent = await cli(["simulate", file(flow)], "\n");
		expect(silent.out).toContain("2 keypad: timeout, flow.timeout → 5");
		const again = /The same again: --script '(.*)'/.exec(out)?.[1] ?? "";
		const scripted = await cli([
			...["--json", "simulate", file(flow), "--script", again],
			...["--var", "name=Ada"],
		]);
		expect(scripted.code).toBe(0);
		expect(JSON.parse(scripted.out)).toMatchObject({
			end: { reason: "completed" },
			script_left: [],
		});
	});

	it("takes a script from a file, and fails if it waits or leaves something", async () => {
		const path = join(folder, "script.json");
		const walk = async (...script: object[]) => {
			writeFileSync(path, JSON.stringify(script));
			return cli(["simulate", file(flow), "--script", path]);
		};
		expect(await walk({ digits: "5" }, { connect: "busy" })).toMatchObject({
			...{ code: 0, err: "" },
		});
		const waits = await walk({ digits: "5" });
		expect(waits.out).toMatch(
			/nothing more for this step: connect, at 4\nAdd \{"connect": "completed"\} to it\n$/,
		);
		expect(waits.code).toBe(1);
		const left = await walk({ hangup: true }, { digits: "5" });
		expect(left.out).toMatch(/hung up, at 2\nLeft of the script: 1\n$/);
		expect(left.code).toBe(1);
		const wrong = await walk({ digits: "a" });
		expect(wrong.err).toContain("$[0].digits: write 1 to 32 keys");
	});

	it("says where a script is wrong, and what was meant", async () => {
		const said = async (script: string) =>
			(await cli(["simulate", file(flow), "--script", script])).err;
		expect(await said('[{"digits":"2"')).toMatch(
			/^--script is not JSON: line 1, column 15: the text ends too early/,
		);
		expect(await said('[{"htp":{"status":200}}]')).toMatch(
			/^--script:\n {2}\$\[0\]: write an object with one of .*; did you mean "http"\?\n$/,
		);
		expect(await said("[{}]")).toMatch(
			/^--script:\n {2}\$\[0\]: write one of .*\n$/,
		);
		expect(await said('[{"digits":"1","timeout":true}]')).toMatch(
			/^--script:\n {2}\$\[0\]: write one of .*\n$/,
		);
	});

	it("hangs up at the end of the input, tells what is wrong, and goes on without sound", async () => {
		const ended = await cli(["simulate", file(flow), "--speak"], "h\n");
		expect(ended.out).toContain("No sound: nothing here plays a wav");
		expect(ended.out).toContain("The callee hung up, at 2");
		const none = await cli(["simulate", file(flow)]);
		expect(none.out).toContain("nothing more for this step: digits, at 2");
		const wrong = await cli(["simulate", file([])]);
		expect(wrong).toMatchObject({ code: 1 });
		expect(wrong.out).toContain("wrong $");
		const json = await cli(["--json", "simulate", file([])]);
		expect(JSON.parse(json.out).problems).toMatchObject([{ path: "$" }]);
		const late = await cli(["simulate", file(flow), "--now", "2030-10-11"]);
		expect(late.err).toContain("--now: write an instant with its offset");
	});
});
