import { describe, expect, it } from "vitest";
import { parseUri } from "../../../softswitch/sip/uri.js";
import { fate, message, usual } from "./torture.js";

// After the classes of RFC 4475, each message written for this test.

describe("messages that are wrong", () => {
	it.each([
		[
			"400",
			"a body shorter than it says",
			[
				"OPTIONS sip:a@b SIP/2.0",
				...usual(),
				"Content-Length: 9999",
				"",
				"short",
			],
		],
		[
			"400",
			"a negative length",
			["OPTIONS sip:a@b SIP/2.0", ...usual(), "Content-Length: -999", "", ""],
		],
		[
			"400",
			"two lengths",
			[
				"OPTIONS sip:a@b SIP/2.0",
				...usual(),
				"Content-Length: 0",
				"l: 5",
				"",
				"12345",
			],
		],
		[
			"400",
			"two From, To and Call-ID",
			["OPTIONS sip:a@b SIP/2.0", ...usual(), ...usual(), ""],
		],
		[
			"400",
			"a CSeq beyond all bounds",
			[
				"OPTIONS sip:a@b SIP/2.0",
				...usual().map((line) =>
					line.replace("CSeq: 1", "CSeq: 36893488147419103232"),
				),
				"",
			],
		],
		[
			"400",
			"a CSeq of 2**31",
			[
				"OPTIONS sip:a@b SIP/2.0",
				...usual().map((line) => line.replace("CSeq: 1", "CSeq: 2147483648")),
				"",
			],
		],
		[
			"400",
			"a CSeq of another method",
			["OPTIONS sip:a@b SIP/2.0", ...usual("INVITE"), ""],
		],
		[
			"400",
			"a quote that is never closed",
			[
				"OPTIONS sip:a@b SIP/2.0",
				...usual().map((line) => line.replace("To: <", 'To: "B <')),
				"",
			],
		],
		[
			"400",
			"a bracket that is never closed",
			[
				"OPTIONS sip:a@b SIP/2.0",
				...usual().map((line) => line.replace("com>;tag", "com;tag")),
				"",
			],
		],
		[
			"400",
			"brackets around the Request-URI",
			["OPTIONS <sip:a@b> SIP/2.0", ...usual(), ""],
		],
		[
			"405",
			"a method nobody knows",
			["NEWMETHOD sip:a@b SIP/2.0", ...usual("NEWMETHOD"), ""],
		],
		[
			"416",
			"a scheme nobody knows",
			["OPTIONS nobodyKnowsThisScheme:totallyopaque SIP/2.0", ...usual(), ""],
		],
		[
			"420",
			"an extension nobody supports",
			[
				"OPTIONS sip:a@b SIP/2.0",
				...usual("OPTIONS", "Require: nothingSupportsThis"),
				"",
			],
		],
		["505", "a version to come", ["OPTIONS sip:a@b SIP/7.0", ...usual(), ""]],
		[
			"dropped",
			"a space within the Request-URI",
			["OPTIONS sip:a@b; lr SIP/2.0", ...usual(), ""],
		],
		[
			"dropped",
			"two spaces in the request line",
			["OPTIONS  sip:a@b  SIP/2.0", ...usual(), ""],
		],
		[
			"dropped",
			"a space after the request line",
			["OPTIONS sip:a@b SIP/2.0  ", ...usual(), ""],
		],
		[
			"dropped",
			"a header without a name",
			["OPTIONS sip:a@b SIP/2.0", ...usual(), ": x", ""],
		],
		[
			"dropped",
			"a header without a colon",
			["OPTIONS sip:a@b SIP/2.0", ...usual(), "hello", ""],
		],
		[
			"dropped",
			"a line that ends in LF alone",
			["OPTIONS sip:a@b SIP/2.0", ...usual(), "X: a\nY: b", ""],
		],
		[
			"dropped",
			"a NUL",
			["OPTIONS sip:a@b SIP/2.0", ...usual(), "X: a\0b", ""],
		],
		[
			"dropped",
			"no blank line after the headers",
			["OPTIONS sip:a@b SIP/2.0", ...usual()],
		],
		[
			"dropped",
			"no From",
			[
				"OPTIONS sip:a@b SIP/2.0",
				...usual().filter((line) => !line.startsWith("From")),
				"",
			],
		],
		[
			"dropped",
			"a status of four digits",
			["SIP/2.0 4294967301 better not break the receiver", ...usual(), ""],
		],
		["dropped", "a status of 700", ["SIP/2.0 700 Beyond", ...usual(), ""]],
	])("get %s: %s", (end, _what, lines) => {
		expect(fate(message(...lines)).end).toBe(end);
	});

	it.each([
		"sip:",
		"sip:@",
		"sip:a@",
		"sip:a@b:0",
		"sip:a@b:65536",
		"sip:a@b:5o60",
		"http://x",
		"sip:a@[::g]",
		"sip:a@b c",
		"",
	])("no place to send to: %j", (uri) => {
		expect(parseUri(uri)).toBeNull();
	});
});
