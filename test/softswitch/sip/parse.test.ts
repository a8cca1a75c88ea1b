import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameReader } from "../../../softswitch/sip/framing.js";
import type { SipMessage } from "../../../softswitch/sip/message.js";
import {
	MAX_MESSAGE_BYTES,
	parseMessage,
	parseText,
} from "../../../softswitch/sip/parse.js";
import { memoryStack, requestFromPeer } from "./memory-wire.js";

const SDP =
	"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

const invite = requestFromPeer("INVITE", {
	headers: {
		"Content-Type": "application/sdp",
		"Record-Route": "<sip:p1.example;lr>, <sip:p2.example;lr>",
		"P-Asserted-Identity": '"Jürgen \\"J\\" <x>" <sip:j@example.com>;a=b',
	},
	body: SDP,
}).toString();
const answer = invite
	.replace(/^INVITE.*/, "SIP/2.0 200 OK")
	.replace(/^(To:.*)$/m, "$1;tag=x");

/** A change at one place of a message: what a network, a bad parser or an attacker may do to it. */
const mutation = fc.record({
	at: fc.double({ min: 0, max: 1, noNaN: true }),
	remove: fc.integer({ min: 0, max: 40 }),
	insert: fc.oneof(
		fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
		fc
			.constantFrom(
				"\r\n",
				"\n",
				"\r",
				"\0",
				":",
				";",
				",",
				'"',
				"<",
				">",
				" ",
				"\t",
				"%00",
				"Via: ",
				"Content-Length: 99999\r\n",
				"Content-Length: -1\r\n",
				"\r\n\r\n",
				"SIP/2.0",
				";tag=",
				"ü",
			)
			.map((text) => Buffer.from(text)),
	),
});
const mutated = fc
	.tuple(
		fc.constantFrom(invite, answer),
		fc.array(mutation, { minLength: 1, maxLength: 6 }),
	)
	.map(([text, changes]) => {
		let bytes: Buffer = Buffer.from(text);
		for (const { at, remove, insert } of changes) {
			const place = Math.floor(at * bytes.length);
			bytes = Buffer.concat([
				bytes.subarray(0, place),
				insert,
				bytes.subarray(place + remove),
			]);
		}
		return bytes;
	});

const shown = (message: SipMessage | null) =>
	message && {
		start:
			message.kind === "request"
				? [message.method, message.uri]
				: [message.status, message.reason],
		headers: [...message.headers]
			.filter(({ key }) => key !== "content-length")
			.map(({ key, value }) => [key, value]),
		body: message.body,
	};

describe("the parser", () => {
	it("survives any damage, and reads what it writes as what it read", () => {
		fc.assert(
			fc.property(mutated, (bytes) => {
				const message = parseMessage(bytes);
				if (!message || message.defect) return;
				const again = parseMessage(Buffer.from(message.toString()));
				expect(shown(again)).toEqual(shown(message));
			}),
			{ numRuns: 3_000 },
		);
	});

	it("survives bytes that were never SIP", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
				parseMessage(Buffer.from(bytes));
				parseText(Buffer.from(bytes).toString());
			}),
			{ numRuns: 1_000 },
		);
	});

	it("leaves a stack standing, whatever was damaged", () => {
		const { stack, wire } = memoryStack();
		stack.onRequest = (_request, transaction) => {
			transaction.reply(200, { headers: { Contact: stack.contact() } });
		};
		fc.assert(
			fc.property(mutated, (bytes) => {
				const message = parseMessage(bytes);
				if (message)
					wire.onMessage(message, {
						host: "192.0.2.7",
						port: 5070,
						transport: "udp",
					});
			}),
			{ numRuns: 1_500 },
		);
		expect(stack.counters.faults).toBe(0);
		expect(wire.sent.length).toBeGreaterThan(0);
	});

	it("reads a message whole", () => {
		const message = parseMessage(Buffer.from(invite));
		expect(message?.kind === "request" && message.method).toBe("INVITE");
		expect(message?.callId).toBe("call-1@192.0.2.7");
		expect(message?.cseq).toEqual({ number: 1, method: "INVITE" });
		expect([message?.fromTag, message?.toTag]).toEqual(["peertag", ""]);
		expect(message?.branch).toBe("z9hG4bK-peer-1");
		expect(message?.headers.all("record-route")).toEqual([
			"<sip:p1.example;lr>",
			"<sip:p2.example;lr>",
		]);
		expect(message?.body).toBe(SDP);
	});

	it("takes time in proportion to the message", () => {
		const hostile = [
			`X: ${"a,".repeat(32_000)}`,
			`Via: ${"a,".repeat(30_000)}`,
			`From: ${'"\\'.repeat(20_000)}`,
			`To: ${"<".repeat(60_000)}`,
			`From: x;${"=;".repeat(30_000)}`,
			`Contact: ${" ".repeat(60_000)}`,
			`X: a${"\r\n b".repeat(250)}`,
		];
		const startedAt = performance.now();
		for (const line of hostile) {
			const message = parseMessage(
				Buffer.from(`OPTIONS sip:a@b SIP/2.0\r\n${line}\r\n\r\n`),
			);
			expect(`${message?.fromTag ?? ""}${message?.toTag ?? ""}`).toBe("");
		}
		expect(performance.now() - startedAt).toBeLessThan(1_000);
	});

	it("refuses what is too large", () => {
		const many = `OPTIONS sip:a@b SIP/2.0\r\n${"X: y\r\n".repeat(300)}\r\n`;
		expect(parseMessage(Buffer.from(many))).toBeNull();
		const long = `OPTIONS sip:a@b SIP/2.0\r\nX: ${"y".repeat(MAX_MESSAGE_BYTES)}\r\n\r\n`;
		expect(parseMessage(Buffer.from(long))).toBeNull();
	});
});

describe("a stream", () => {
	it("is cut into the same messages wherever it is broken", () => {
		const stream = Buffer.from(`${invite}\r\n\r\n${answer}${invite}`);
		fc.assert(
			fc.property(
				fc.array(fc.integer({ min: 1, max: stream.length - 1 }), {
					maxLength: 12,
				}),
				(places) => {
					const reader = new FrameReader();
					const cuts = [...places].sort((a, b) => a - b);
					const frames = [0, ...cuts].flatMap(
						(from, index) =>
							reader.push(
								stream.subarray(from, cuts[index] ?? stream.length),
							) ?? [],
					);
					expect(frames.map(String)).toEqual([invite, answer, invite]);
				},
			),
		);
	});
});
