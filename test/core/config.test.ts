import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
	ConfigError,
	misspelt,
	readConfig,
	readSoftswitchConfig,
	serviceHelp,
} from "../../core/config.js";

const complaints = (environment: Record<string, string>): string => {
	try {
		readConfig(environment);
	} catch (error) {
		if (error instanceof ConfigError) return error.message;
		throw error;
	}
	return "";
};

describe("the configuration", () => {
	it("needs nothing at all", () => {
		expect(readConfig({})).toMatchObject({
			HTTP_HOST: "127.0.0.1",
			HTTP_PORT: 3000,
			SOFTSWITCH_SIP: { host: "127.0.0.1", port: 5060 },
			CALLS_PER_SECOND: 50,
			QUEUE_TIMEOUT: 3_600_000,
			SIP_TRUNK: [],
		});
	});

	it.each([
		["HTTP_PORT", " "],
		["HTTP_PORT", "0x50"],
		["HTTP_PORT", "65536"],
		["CALLS_PER_SECOND", "0"],
		["CALLS_PER_SECOND", "-1"],
		["CALLS_PER_SECOND", "1e-300"],
		["QUEUE_LIMIT", "1.5"],
		["QUEUE_TIMEOUT", "0"],
		["CALL_RETENTION", "0"],
		["RECORDING_RETENTION", "1.5"],
		["S3_BUCKET", "A"],
		["S3_BUCKET", "recordings/../others"],
		["S3_BUCKET", "recordings/a b"],
		["S3_BUCKET", "s3://recordings"],
		["S3_ENDPOINT", "127.0.0.1:9000"],
		["S3_ENDPOINT", "ftp://127.0.0.1"],
		["S3_ENDPOINT", "https://127.0.0.1?x"],
		["AUTH_TOKEN", "a b"],
		["DRACHTIO", "127.0.0.1:0:x"],
		["DRACHTIO", "127.0.0.1:1:x,127.0.0.1:1:y"],
		["DRACHTIO", ","],
		["HTTP_ALLOW", "host:99999"],
		["SIP_TRUNK", "sip:1.2.3.4:0"],
		["SIP_TRUNK", "sip:1.2.3.4:99999"],
		["SIP_TRUNK", "sip:1.2.3.4;register=yes"],
		["SIP_TRUNK", "sip:joe:100%@1.2.3.4"],
		["SIP_TRUNK", "sip:1.2.3.4;transport=sctp"],
		["SIP_TRUNK", "sip:1.2.3.4;colour=red"],
		["SIP_TRUNK", "sip:1.2.3.4;codecs=PCMA+"],
		["SIP_TRUNK", "sip:1.2.3.4;strip=16"],
		["SIP_TRUNK", "sip:1.2.3.4;prefix=+49"],
		["SIP_TRUNK", "sip:1.2.3.4;ping=-1"],
		["SIP_TRUNK", "sip:1.2.3.4;transport=tls"],
		["SIP_TRUNK", "sip:1.2.3.4;srtp=true"],
	])("refuses %s=%s", (name, value) => {
		expect(complaints({ [name]: value })).toContain(`  ${name}: `);
	});

	it("keeps calls and recordings for good unless it is told how many days", () => {
		const { CALL_RETENTION, RECORDING_RETENTION } = readConfig({
			RECORDING_RETENTION: "7",
		});
		expect(CALL_RETENTION).toBeUndefined();
		expect(RECORDING_RETENTION).toBe(7 * 86_400_000);
	});

	it("says what a number may be, and every entry of a list that is wrong", () => {
		expect(complaints({ CALLS_PER_SECOND: "-1" })).toContain(
			"'-1' is no number, from 0.001 to 100000",
		);
		const text = complaints({ SIP_ALLOW: "///,127.0.0.1,!!!" });
		expect(text).toContain("'///'");
		expect(text).toContain("'!!!'");
	});

	it("names every problem at once, across settings too", () => {
		const text = complaints({
			HTTP_PORT: "x",
			SIP_TRUNK: "sip:joe:secret@",
			DRACHTIO: "127.0.0.1:9022:cymru",
			HTTP_ALLOW: "1.2.3.4/99",
			QUEUE_TIMEOUT: "soon",
			ENTITIES: "nowhere.json",
		});
		for (const name of [
			"HTTP_PORT",
			"SIP_TRUNK",
			"FREESWITCH",
			"HTTP_ALLOW",
			"QUEUE_TIMEOUT",
			"ENTITIES",
		])
			expect(text).toContain(`  ${name}: `);
	});

	it.each([
		["sip:a@127.0.0.1;regster=true", "has no user:password before its @"],
		["sip:a@127.0.0.1;regster=true", "'regster', which is not known; did"],
		["sip:a@127.0.0.1;regster=true", 'did you mean "register"?'],
		["sip:127.0.0.1;regster=true", 'did you mean "register"?'],
		["sip:127.0.0.1;Register=true", 'did you mean "register"?'],
		["sip:127.0.0.1;colour=red", "not known; known are transport, register"],
		["sip:127.0.0.1;register", "a parameter 'register' without =value"],
		["sip:127.0.0.1;register=yes", "register that is neither true nor false"],
		["sip:127.0.0.1;transport=sctp", "transport that is none of udp, tcp"],
	])("says which part of %s is wrong: %s", (trunk, words) => {
		expect(complaints({ SIP_TRUNK: trunk })).toContain(words);
	});

	it("says what a LOG_LEVEL may be", () => {
		expect(complaints({ LOG_LEVEL: "loud" })).toContain(
			"LOG_LEVEL: 'loud' is none of debug, info, warn, error, silent",
		);
	});

	it("knows a variable that is one slip away from a setting", () => {
		const set = { HTTP_ALOW: "", HTTP_ALLOW: "", HTTP_PROXY: "", LOGLEVEL: "" };
		expect(misspelt(set)).toEqual([
			"HTTP_ALOW is no setting; did you mean HTTP_ALLOW?",
			"LOGLEVEL is no setting; did you mean LOG_LEVEL?",
		]);
	});

	it("never repeats a secret in a complaint", () => {
		expect(
			complaints({
				DRACHTIO: "host:port:hunter2,hunter2",
				SIP_TRUNK: "sip:joe:hunter2@",
			}),
		).not.toContain("hunter2");
		for (const S3_ENDPOINT of ["https://joe:hunter2@s3.test", "hunter2"])
			expect(complaints({ S3_BUCKET: "abc", S3_ENDPOINT })).toMatch(
				/S3_ENDPOINT: (?!.*hunter2)/,
			);
		for (const trunk of [
			"sip:joe:hunter2,hunter2@192.0.2.1",
			"sip:joe:hunter2%@192.0.2.1",
			"sip:joe:hunter2@192.0.2.1:0",
			"sip:joe:hunter2;hunter2",
			"sip:joe;hunter2=a@192.0.2.1;plus",
		])
			expect(complaints({ SIP_TRUNK: trunk })).not.toContain("hunter2");
	});

	it("reads a bucket with or without a prefix, and what belongs to it only with it", () => {
		const read = (S3_BUCKET: string) => readConfig({ S3_BUCKET }).S3_BUCKET;
		expect(read("my.bucket-1")).toEqual({ bucket: "my.bucket-1", prefix: "" });
		for (const text of ["abc/calls/a_b", "abc/calls/a_b/"])
			expect(read(text)).toEqual({ bucket: "abc", prefix: "calls/a_b/" });
		const S3_ENDPOINT = "https://s3.test:9000/storage/";
		expect(readConfig({ S3_BUCKET: "abc", S3_ENDPOINT })).toMatchObject({
			S3_ENDPOINT: "https://s3.test:9000/storage",
		});
		const text = complaints({ S3_ENDPOINT, S3_REGION: "eu" });
		for (const name of ["S3_ENDPOINT", "S3_REGION"])
			expect(text).toContain(`${name}: is of no use without S3_BUCKET`);
	});

	it("reads trunks with their parameters, in order", () => {
		const { SIP_TRUNK } = readConfig({
			SIP_TRUNK:
				"sip:joe:p%40ss@gw.test:5070;transport=tcp;register=true, sip:192.0.2.4",
		});
		const plain = {
			...{ transport: "udp", register: false, srtp: false, codecs: [] },
			...{ strip: 0, prefix: "", ping: 30 },
		};
		expect(SIP_TRUNK).toEqual([
			{
				...{ ...plain, host: "gw.test", port: 5070, transport: "tcp" },
				...{ user: "joe", password: "p@ss", register: true },
			},
			{ ...plain, host: "192.0.2.4", port: 5060 },
		]);
		const [all] = readConfig({
			...{ DRACHTIO: "127.0.0.1:9022:x", FREESWITCH: "127.0.0.1:8021:y" },
			SIP_TRUNK:
				"sip:gw.test;transport=tls;srtp=true;codecs=pcma+opus;strip=2;prefix=00;plus=false;ping=0",
		}).SIP_TRUNK;
		expect(all).toEqual({
			...{ host: "gw.test", port: 5061, transport: "tls", register: false },
			...{ srtp: true, codecs: ["PCMA", "OPUS"] },
			...{ strip: 2, prefix: "00", plus: false, ping: 0 },
		});
	});

	it("reads several servers of a kind", () => {
		const { DRACHTIO, FREESWITCH } = readConfig({
			DRACHTIO: "127.0.0.1:9022:x, [::1]:9023:y:z",
			FREESWITCH: "127.0.0.1:8021:w",
		});
		expect(DRACHTIO).toEqual([
			{ host: "127.0.0.1", port: 9022, secret: "x" },
			{ host: "::1", port: 9023, secret: "y:z" },
		]);
		expect(FREESWITCH).toHaveLength(1);
	});

	it("wants an address to advertise where it listens on all of them", () => {
		expect(complaints({ SOFTSWITCH_SIP: "0.0.0.0:5060" })).toContain(
			"SOFTSWITCH_ADVERTISE: is required",
		);
		expect(
			complaints({
				DRACHTIO: "192.0.2.1:9022:x",
				FREESWITCH: "192.0.2.2:8021:y",
			}),
		).toContain("MEDIA_ADVERTISE: is required");
	});

	it("wants a port for each FreeSWITCH", () => {
		const pair = {
			DRACHTIO: "127.0.0.1:9022:x",
			MEDIA_LISTEN: "0.0.0.0:65535",
		};
		const one = { ...pair, FREESWITCH: "127.0.0.1:8021:y" };
		expect(() => readConfig(one)).not.toThrow();
		const two = { ...pair, FREESWITCH: "127.0.0.1:8021:y,127.0.0.1:8022:y" };
		expect(complaints(two)).toContain("MEDIA_LISTEN: each FREESWITCH takes");
	});

	it("refuses a known secret on a control address that others reach", () => {
		expect(() =>
			readSoftswitchConfig({ SOFTSWITCH_CONTROL: "0.0.0.0:9022" }),
		).toThrow(/SOFTSWITCH_SECRET: must be set/);
		expect(() =>
			readSoftswitchConfig({
				SOFTSWITCH_CONTROL: "0.0.0.0:9022",
				SOFTSWITCH_SECRET: "long and random",
			}),
		).not.toThrow();
	});

	it("reads the entities' file and says what is wrong in it", () => {
		const file = join(mkdtempSync(join(tmpdir(), "flowdial-")), "e.json");
		writeFileSync(
			file,
			'{"5263":{"kind":"user","name":"Ann","targets":["sip:a@127.0.0.1"]}}',
		);
		expect(readConfig({ ENTITIES: file }).ENTITIES?.get("5263")).toEqual({
			kind: "user",
			name: "Ann",
			targets: ["sip:a@127.0.0.1"],
			strategy: "in_order",
		});
		writeFileSync(file, '{"5263":{"kind":"robot"}}');
		expect(complaints({ ENTITIES: file })).toMatch(/ENTITIES: .*kind/);
		writeFileSync(
			file,
			'{"a b":{"kind":"user","name":"Ann","targets":["sip:a@127.0.0.1"]}}',
		);
		expect(complaints({ ENTITIES: file })).toContain("1 to 64 letters");
		const target = JSON.stringify({
			5263: { kind: "user", name: "Ann", targets: ["file:///etc"] },
		});
		writeFileSync(file, target);
		expect(complaints({ ENTITIES: file })).toContain("a number or a sip:");
	});

	it("has a line of help for every setting", () => {
		const lines = serviceHelp().split("\n");
		expect(lines.every((line) => line.split(/ {2,}/).length === 3)).toBe(true);
	});
});

describe("MEDIA_URL", () => {
	it.each([
		...["http://[::1]:3000", "http://a b", "http://host/path", "http://u@host"],
		...["ftp://host", "http://host?x=1", "http://host$(x)"],
	])("is not %s, which no event socket could be told", (MEDIA_URL) => {
		expect(() => readConfig({ MEDIA_URL })).toThrow("is not http://host:port");
	});

	it("is a host and its port", () => {
		const { MEDIA_URL } = readConfig({ MEDIA_URL: "http://10.0.0.9:3000/" });
		expect(MEDIA_URL).toBe("http://10.0.0.9:3000");
	});
});
