import { describe, expect, it } from "vitest";
import {
	agree,
	LocalDescription,
	parseSdp,
} from "../../../softswitch/esl/sdp.js";

const own = { address: "127.0.0.1", port: 20_000 };

function sdp(...media: string[]): string {
	return [
		"v=0",
		"o=- 1 1 IN IP4 192.0.2.1",
		"s=-",
		"c=IN IP4 192.0.2.1",
		"t=0 0",
		...media,
		"",
	].join("\r\n");
}

function agreement(text: string) {
	const lines = parseSdp(text);
	return lines && agree(lines, own);
}

const AUDIO = [
	"m=audio 6000 RTP/AVP 18 8 0 96",
	"a=rtpmap:96 telephone-event/8000",
];

describe("an offer", () => {
	it("is taken by its first known codec and its own number for telephone-event", () => {
		expect(agreement(sdp(...AUDIO))).toEqual({
			index: 0,
			codec: "PCMA",
			remote: {
				address: "192.0.2.1",
				port: 6000,
				payloadType: 8,
				eventPayloadType: 96,
				localEventPayloadType: 101,
				direction: "sendrecv",
			},
		});
	});

	it("may be without telephone-event", () => {
		expect(agreement(sdp("m=audio 6000 RTP/AVP 0"))?.remote).toMatchObject({
			payloadType: 0,
			eventPayloadType: null,
		});
	});

	it("is turned round: who only sends is only listened to", () => {
		const direction = (...lines: string[]) =>
			agreement(sdp(...lines))?.remote.direction;
		expect(direction("m=audio 6000 RTP/AVP 0", "a=sendonly")).toBe("recvonly");
		expect(direction("a=recvonly", "m=audio 6000 RTP/AVP 0")).toBe("sendonly");
		expect(
			direction("a=recvonly", "m=audio 6000 RTP/AVP 0", "a=inactive"),
		).toBe("inactive");
		expect(direction("m=audio 6000 RTP/AVP 0", "c=IN IP4 0.0.0.0")).toBe(
			"recvonly",
		);
	});

	it("that is our own address is a hold", () => {
		const lines = sdp("m=audio 20000 RTP/AVP 0", "c=IN IP4 127.0.0.1");
		expect(agreement(lines)?.remote.direction).toBe("inactive");
	});

	it("without a codec in common, or without plain RTP, is not taken", () => {
		for (const media of [
			"m=audio 6000 RTP/AVP 9 18",
			"m=audio 6000 RTP/SAVP 0",
			"m=audio 0 RTP/AVP 0",
			"m=video 6000 RTP/AVP 0",
		])
			expect(agreement(sdp(media))).toBeNull();
	});

	it("that makes no sense is none", () => {
		for (const text of [
			"",
			"x",
			"v=0",
			"v=0\r\nm=audio x RTP/AVP 0\r\n",
			"v=0\r\nm=audio 99999 RTP/AVP 0\r\n",
			`v=0\r\n${"m=audio 1 RTP/AVP 0\r\n".repeat(40)}`,
			`v=0\r\n${"a".repeat(40_000)}`,
		])
			expect(agreement(text)).toBeNull();
		expect(agreement("v=0\r\nm=audio 6000 RTP/AVP 0\r\n")).toBeNull();
		expect(
			agreement("v=0\r\nc=IN IP4 999.1.1.1\r\nm=audio 6000 RTP/AVP 0\r\n"),
		).toBeNull();
	});
});

describe("an answer", () => {
	it("names one codec, and rejects every other m-line", () => {
		const lines = parseSdp(
			sdp("m=audio 5000 RTP/SAVP 0 8", ...AUDIO, "m=video 7000 RTP/AVP 97 98"),
		);
		const agreed = lines && agree(lines, own);
		if (!lines || !agreed) throw new Error("no agreement");
		const local = new LocalDescription("127.0.0.1", 20_000, 100);
		expect(local.answer(lines, agreed).body.split("\r\n")).toEqual([
			"v=0",
			"o=FreeSWITCH 100 101 IN IP4 127.0.0.1",
			"s=FreeSWITCH",
			"c=IN IP4 127.0.0.1",
			"t=0 0",
			"m=audio 0 RTP/SAVP 0",
			"m=audio 20000 RTP/AVP 8 96",
			"a=rtpmap:8 PCMA/8000",
			"a=rtpmap:96 telephone-event/8000",
			"a=fmtp:96 0-15",
			"a=ptime:20",
			"m=video 0 RTP/AVP 97",
			"",
		]);
	});

	it("says which way the sound goes unless it goes both", () => {
		const local = new LocalDescription("127.0.0.1", 20_000, 100);
		const lines = parseSdp(sdp("m=audio 6000 RTP/AVP 0", "a=sendonly")) ?? [];
		const agreed = agree(lines, own);
		if (!agreed) throw new Error("no agreement");
		expect(local.answer(lines, agreed).body).toContain("a=recvonly\r\n");
		expect(local.offer().body).not.toContain("a=sendrecv");
		expect(local.offer().variable).toContain("a=ptime:20\r\na=sendrecv\r\n");
	});

	it("has a higher version each time", () => {
		const local = new LocalDescription("127.0.0.1", 20_000, 100);
		expect(local.offer().body).toContain("FreeSWITCH 100 101 ");
		expect(local.offer().body).toContain("FreeSWITCH 100 102 ");
	});
});
