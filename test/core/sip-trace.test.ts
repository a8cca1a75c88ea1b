import { describe, expect, it } from "vitest";
import {
	MOST_CHARACTERS,
	MOST_MESSAGES,
	SipTrace,
	withoutSecrets,
} from "../../core/sip-trace.js";
import { ManualClock } from "../support/manual-clock.js";

const message = (lines: readonly string[], body: readonly string[] = []) =>
	[...lines, "", body.join("\r\n")].join("\r\n");

describe("a SIP message that is shown", () => {
	it("has no credentials, also where they go over several lines", () => {
		const text = message([
			"INVITE sip:a@192.0.2.1 SIP/2.0",
			'Authorization: Digest username="flow", response="5ec2e7"',
			'PROXY-AUTHORIZATION : Digest username="flow",',
			'\tresponse="5ec2e7"',
			"CSeq: 2 INVITE",
		]);
		expect(withoutSecrets(text)).toBe(
			message([
				"INVITE sip:a@192.0.2.1 SIP/2.0",
				"Authorization: (masked)",
				"PROXY-AUTHORIZATION : (masked)",
				"CSeq: 2 INVITE",
			]),
		);
	});

	it.each(["CSeq: 1 INVITE", "cseq:  7  ACK", "CSeq: 3 UPDATE"])(
		"has its session description without SRTP keys: %s",
		(cseq) => {
			const head = ["SIP/2.0 200 OK", cseq, "c: application/sdp"];
			const text = message(head, [
				"m=audio 4000 RTP/SAVP 0",
				"k=base64:5ec2e7",
				"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:5ec2e7/+=|2^20|1:4;inline:5ec2e7",
				"a=key-mgmt:mikey 5ec2e7",
				"a=ice-pwd:5ec2e7",
			]);
			const shown = withoutSecrets(text);
			expect(shown).not.toContain("5ec2e7");
			expect(shown).toBe(
				message(head, [
					"m=audio 4000 RTP/SAVP 0",
					"k=(masked)",
					"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:(masked)|2^20|1:4;inline:(masked)",
					"a=key-mgmt:(masked)",
					"a=ice-pwd:(masked)",
				]),
			);
		},
	);

	it.each([
		["INFO", "application/dtmf-relay"],
		["INFO", "application/sdp"],
		["INVITE", "multipart/mixed"],
		["MESSAGE", "text/plain"],
	])("has no other body: %s of %s", (method, type) => {
		const head = [
			`${method} sip:a@192.0.2.1 SIP/2.0`,
			`CSeq: 2 ${method}`,
			`Content-Type: ${type}`,
		];
		const shown = withoutSecrets(message(head, ["Signal=7", "Duration=160"]));
		expect(shown).toBe(message(head, ["(body left out)"]));
	});

	it("is cut where it is long, its secrets masked before", () => {
		const long = message(
			["SIP/2.0 200 OK", "CSeq: 1 INVITE", "Content-Type: application/sdp"],
			[`a=crypto:1 x inline:${"K".repeat(100_000)}`, "x".repeat(100_000)],
		);
		const shown = withoutSecrets(long);
		expect(shown).not.toContain("KK");
		expect(shown.length).toBeLessThanOrEqual(MOST_CHARACTERS);
		const startedAt = performance.now();
		for (const odd of ["Authorization:\r\n ", "inline:", "\r\n", "\r", "k="])
			withoutSecrets(odd.repeat(100_000));
		expect(performance.now() - startedAt).toBeLessThan(1_000);
	});
});

describe("the SIP messages of an attempt", () => {
	const add = (trace: SipTrace, n: number) =>
		trace.add({ leg: "callee", direction: "sent", text: `BYE ${n}` });
	const numbers = (trace: SipTrace) =>
		trace.messages.map(({ text }) => Number(text.split(" ")[1]));

	it("are the first and the last ones where there are many", () => {
		const trace = new SipTrace(1, new ManualClock());
		for (let n = 1; n <= 1_000; n++) add(trace, n);
		const kept = numbers(trace);
		expect(kept).toHaveLength(MOST_MESSAGES);
		expect(kept.slice(0, 150)).toEqual(
			Array.from({ length: 150 }, (_, n) => n + 1),
		);
		expect(kept.slice(150)).toEqual(
			Array.from({ length: 50 }, (_, n) => n + 951),
		);
	});

	it("have their time, and are no more once it has ended", async () => {
		const clock = new ManualClock();
		const trace = new SipTrace(1, clock);
		add(trace, 1);
		const at = clock.now();
		await clock.advance(1_000);
		add(trace, 2);
		trace.end();
		add(trace, 3);
		expect(trace.messages.map((one) => one.at)).toEqual([at, at + 1_000]);
	});
});
