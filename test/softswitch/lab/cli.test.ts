import { describe, expect, it } from "vitest";
import { HELP, parseCommand, UsageError } from "../../../softswitch/lab/cli.js";

const parse = (line: string) => parseCommand(line.split(" ").filter(Boolean));

function script(line: string) {
	const command = parse(line);
	if (command.type !== "phone") throw new Error("no phone");
	const { script } = command.options;
	if (typeof script !== "object") throw new Error("no script");
	return script;
}

describe("the phone's command line", () => {
	it("answers at once and waits, unless it is told otherwise", () => {
		expect(parse("")).toEqual({
			type: "phone",
			call: null,
			options: {
				host: "127.0.0.1",
				port: 5070,
				user: "phone",
				script: {
					ring: 180,
					outcome: { type: "answer", afterMs: 0 },
					actions: [],
				},
			},
		});
	});

	it("reads what its help shows", () => {
		const example = /^ {2}npm run phone -- (.*)$/m.exec(HELP)?.[1] ?? "";
		expect(script(example)).toEqual({
			ring: 180,
			outcome: { type: "answer", afterMs: 1000 },
			record: "heard.wav",
			actions: [
				{
					type: "press",
					digits: "1234",
					by: "rtp",
					at: { after: "answer", ms: 3000 },
				},
				{ type: "hang-up", at: { after: "answer", ms: 20_000 } },
			],
		});
	});

	it("names every option in its help", () => {
		for (const name of [
			"info",
			"play",
			"hold",
			"resume",
			"proxy-auth",
			"login",
		]) {
			expect(HELP).toContain(`--${name} `);
		}
		expect(parse("--help")).toEqual({ type: "help" });
	});

	it("reads moments after sounds and silences", () => {
		const line = "--info 1@sound+1.5 --play tone_stream://%(1,0,440)@silence2";
		expect(script(line).actions?.map(({ at }) => at)).toEqual([
			{ after: "sound", nth: 1, ms: 1500 },
			{ after: "silence", nth: 2, ms: 0 },
		]);
	});

	it("refuses with a status, points elsewhere, or rings for ever", () => {
		expect(
			script("--reject 302 --contact sip:other@127.0.0.1 --answer 2").outcome,
		).toEqual({
			type: "reject",
			status: 302,
			afterMs: 2000,
			contact: "sip:other@127.0.0.1",
		});
		expect(script("--never --ring none")).toMatchObject({
			ring: null,
			outcome: { type: "ignore" },
		});
	});

	it("asks for credentials and registers with its own", () => {
		expect(
			parse(
				"--proxy-auth bob:a:b --register sip:127.0.0.1:5060 --login al:pw --codec PCMA",
			),
		).toMatchObject({
			options: {
				authenticate: { status: 407, username: "bob", password: "a:b" },
				register: {
					registrar: "sip:127.0.0.1:5060",
					username: "al",
					password: "pw",
				},
				codecs: ["PCMA"],
			},
		});
	});

	it.each<[string, RegExp]>([
		["--foo", /--help lists every option/],
		["--port 70000", /--port 70000: write a whole number from 0 to 65535/],
		["--digits 1234", /say when, as in --digits 1234@3/],
		["--digits 12x@3", /"12x" holds what is no key; keys are/],
		["--hang-up soon", /"soon" is no time; write seconds/],
		["--answer=-1", /"-1" is no time/],
		["--reject 200", /from 300 to 699/],
		["--ring 486", /from 101 to 199/],
		["--codec opus", /PCMU and PCMA are spoken/],
		["--auth bob", /write USER:PASSWORD/],
		["--register sip:x", /needs --login/],
		["stray", /--help lists every option/],
	])("says what to do about %s", (line, message) => {
		expect(() => parse(line)).toThrow(UsageError);
		expect(() => parse(line)).toThrow(message);
	});
});
