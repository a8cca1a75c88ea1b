import { describe, expect, it } from "vitest";
import { parseNameAddr } from "../../../softswitch/sip/name-addr.js";
import { parseMessage } from "../../../softswitch/sip/parse.js";
import { parseUri } from "../../../softswitch/sip/uri.js";
import { memoryStack, peer } from "./memory-wire.js";
import { fate, message, usual } from "./torture.js";

// After the classes of RFC 4475, each message written for this test.

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
