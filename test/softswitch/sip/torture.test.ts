import { describe, expect, it } from "vitest";
import type { SipRequest } from "../../../softswitch/sip/message.js";
import { parseNameAddr } from "../../../softswitch/sip/name-addr.js";
import { parseMessage } from "../../../softswitch/sip/parse.js";
import { parseUri } from "../../../softswitch/sip/uri.js";
import { memoryStack, peer } from "./memory-wire.js";

// After the classes of RFC 4475, each message written for this test.

const message = (...lines: string[]) => `${lines.join("\r\n")}\r\n`;
const usual = (method = "OPTIONS", ...more: string[]) => [
	"Via: SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bK-t",
	"From: <sip:a@example.com>;tag=1",
	"To: <sip:b@example.com>",
	"Call-ID: torture",
	`CSeq: 1 ${method}`,
	...more,
];

/** What becomes of a message: `taken` by the handler, refused with a status, or nothing. */
function fate(text: string): { end: string; request: SipRequest | undefined } {
	const { stack, wire } = memoryStack();
	let request: SipRequest | undefined;
	stack.onRequest = (one) => {
		request = one;
	};
	const parsed = parseMessage(Buffer.from(text));
	if (!parsed) return { end: "dropped", request };
	wire.onMessage(parsed, peer);
	expect(stack.counters.faults).toBe(0);
	if (request) return { end: "taken", request };
	const reply = wire.sent[0]?.message;
	return {
		end: reply?.kind === "response" ? String(reply.status) : "dropped",
		request,
	};
}

describe("unusual messages that are right", () => {
	it("white space, folding, case and compact names wherever they may be", () => {
		const { end, request } = fate(
			message(
				"OPTIONS sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0",
				"TO :",
				' sip:v@chair-dnrc.example.com ;   tag    = "1918181833n"',
				'f   : "J Rosen \\\\\\""       <sip:jd@example.com>',
				"  ;",
				"  tag = 98asjd8",
				"MaX-fOrWaRdS: 0068",
				"i: wsinv.ndaksdj@192.0.2.1",
				"cseq: 0009",
				"  OPTIONS",
				"v: SIP  / 2.0  /",
				" UDP    192.0.2.2;branch=z9hG4bK390skdjuw",
				"s :",
				"NewFangledHeader:   newfangled value",
				"  continued newfangled value",
				"UnknownHeaderWithUnusualValue: ;;,,;;,;",
				"V:    SIP  / 2.0  / TCP     spindle.example.com   ;",
				"  branch  =   z9hG4bK9ikj8  ,",
				" SIP  /    2.0   / UDP  192.168.255.111   ; branch=",
				" z9hG4bK30239",
				'm:"Quoted string \\"\\"" <sip:jd@example.com> ; newparam =',
				"      newvalue ;",
				"  secondparam ; q = 0.33",
				"l: 0",
				"",
			),
		);
		expect(end).toBe("taken");
		expect(request?.toTag).toBe("1918181833n");
		expect(request?.fromTag).toBe("98asjd8");
		expect(request?.cseq).toEqual({ number: 9, method: "OPTIONS" });
		expect(request?.branch).toBe("z9hG4bK390skdjuw");
		expect(request?.headers.all("via")).toHaveLength(3);
		expect(request?.headers.get("newfangledheader")).toBe(
			"newfangled value continued newfangled value",
		);
	});

	it("escapes, no space before <, semicolons in the user part", () => {
		expect(
			parseUri(
				"sip:user;par=u%40example.net@Example.com:5080;transport=TCP;lr",
			),
		).toEqual({
			scheme: "sip",
			user: "user;par=u%40example.net",
			host: "Example.com",
			port: 5080,
			transport: "tcp",
			loose: true,
		});
		expect(parseNameAddr("caller<sip:caller@example.com>;tag=3")).toEqual({
			display: "caller",
			uri: "sip:caller@example.com",
			parameters: ";tag=3",
		});
		expect(parseNameAddr('"a <b> \\" c" <sip:x@y;z>;q')).toEqual({
			display: 'a <b> " c',
			uri: "sip:x@y;z",
			parameters: ";q",
		});
		expect(parseNameAddr("sip:x@y;tag=4")).toEqual({
			display: "",
			uri: "sip:x@y",
			parameters: ";tag=4",
		});
		for (const uri of ["sip:%00@x", "sip:a@[2001:db8::10]:5070", "sips:b"])
			expect(parseUri(uri)).not.toBeNull();
	});

	it.each([
		[
			"long values",
			[
				"OPTIONS sip:a@b SIP/2.0",
				...usual(),
				`X-Long: ${"long".repeat(2_000)}`,
				"",
			],
		],
		[
			"bytes after the body, dropped",
			[
				"OPTIONS sip:a@b SIP/2.0",
				...usual(),
				"Content-Length: 0",
				"",
				"INVITE sip:other SIP/2.0",
			],
		],
		[
			"transports nobody knows",
			[
				"OPTIONS sip:a@b SIP/2.0",
				"Via: SIP/2.0/UNKNOWN 192.0.2.7;branch=z9hG4bKu",
				...usual().slice(1),
				"",
			],
		],
		[
			"no hops left: it is for us",
			["OPTIONS sip:a@b SIP/2.0", ...usual("OPTIONS", "Max-Forwards: 0"), ""],
		],
		[
			"from before RFC 3261, without a branch",
			[
				"OPTIONS sip:a@b SIP/2.0",
				"Via: SIP/2.0/UDP 192.0.2.7",
				...usual().slice(1),
				"",
			],
		],
		["a tel URI", ["OPTIONS tel:+15551234 SIP/2.0", ...usual(), ""]],
		[
			"an empty header",
			["OPTIONS sip:a@b SIP/2.0", ...usual("OPTIONS", "Subject:"), ""],
		],
	])("%s", (_what, lines) => {
		expect(fate(message(...lines)).end).toBe("taken");
	});

	it.each([["= 2**3 * 9 «öäü»"], [""]])(
		"a response with the reason phrase %j",
		(reason) => {
			const parsed = parseMessage(
				Buffer.from(message(`SIP/2.0 200 ${reason}`, ...usual(), "")),
			);
			expect(parsed?.kind === "response" && parsed.reason).toBe(reason);
		},
	);

	it("two requests without a transaction identifier are told apart", () => {
		const { stack, wire } = memoryStack();
		const seen: string[] = [];
		stack.onRequest = (request) => {
			seen.push(request.callId);
		};
		for (const callId of ["one", "two", "two"]) {
			const text = message("OPTIONS sip:a@b SIP/2.0", ...usual(), "")
				.replace("z9hG4bK-t", "z9hG4bK")
				.replace("torture", callId);
			const parsed = parseMessage(Buffer.from(text));
			if (parsed) wire.onMessage(parsed, peer);
		}
		expect(seen).toEqual(["one", "two"]);
	});
});

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
