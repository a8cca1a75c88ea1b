import { describe, expect, it } from "vitest";
import { PhoneSdp } from "../../../softswitch/lab/phone-sdp.js";

const phone = (codecs: readonly ("PCMU" | "PCMA")[] = ["PCMU", "PCMA"]) =>
	new PhoneSdp("127.0.0.1", 30_000, codecs);

const sdp = (...media: string[]) =>
	[
		"v=0",
		"o=- 1 1 IN IP4 192.0.2.1",
		"s=-",
		"c=IN IP4 192.0.2.1",
		"t=0 0",
		...media,
		"",
	].join("\r\n");
const audio = [
	"m=audio 4000 RTP/AVP 8 0 96",
	"a=rtpmap:96 telephone-event/8000",
];

describe("the phone's SDP", () => {
	it("answers with the caller's first codec, its event number and the mirrored direction", () => {
		const answer = phone().answer(sdp(...audio, "a=sendonly"), false);
		expect(answer?.remote).toMatchObject({
			address: "192.0.2.1",
			port: 4000,
			payloadType: 8,
			eventPayloadType: 96,
			direction: "recvonly",
		});
		expect(answer?.sdp).toContain("m=audio 30000 RTP/AVP 8 96\r\n");
		expect(answer?.sdp).toContain("a=recvonly\r\n");
	});

	it("speaks only the codecs it was given", () => {
		expect(
			phone(["PCMU"]).answer(sdp(...audio), false)?.remote.payloadType,
		).toBe(0);
		const other = sdp("m=audio 4000 RTP/AVP 8");
		expect(phone(["PCMU"]).answer(other, false)).toBeNull();
		expect(phone(["PCMU"]).accept(other, false)).toBeNull();
		expect(phone(["PCMA"]).offer("sendrecv")).toContain("RTP/AVP 8 101\r\n");
	});

	it("rejects every stream but the one it takes", () => {
		const offer = sdp(
			"m=audio 5000 RTP/SAVP 0",
			...audio,
			"m=video 6000 RTP/AVP 99",
		);
		const answer = phone().answer(offer, false)?.sdp ?? "";
		expect(answer.match(/^m=.*$/gm)).toEqual([
			"m=audio 0 RTP/SAVP 0",
			"m=audio 30000 RTP/AVP 8 96",
			"m=video 0 RTP/AVP 99",
		]);
	});

	it("listens to nobody while it holds the call", () => {
		expect(phone().answer(sdp(...audio), true)?.remote.direction).toBe(
			"sendonly",
		);
		expect(phone().accept(sdp(...audio, "a=sendonly"), true)?.direction).toBe(
			"inactive",
		);
	});

	it("takes nothing for an answer that is none", () => {
		expect(phone().accept("", false)).toBeNull();
		expect(phone().answer("hello", false)).toBeNull();
	});
});
