import { describe, expect, it } from "vitest";
import { offering } from "../../telephony/codecs.js";

/** As a FreeSWITCH 1.10 offers. */
const offer = [
	...["v=0", "o=FreeSWITCH 1 2 IN IP4 192.0.2.1", "s=FreeSWITCH"],
	...["c=IN IP4 192.0.2.1", "t=0 0"],
	"m=audio 27000 RTP/AVP 0 8 102 9 101 13",
	...["a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000"],
	...["a=rtpmap:102 opus/48000/2", "a=fmtp:102 useinbandfec=1"],
	...["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"],
	...["a=rtpmap:13 CN/8000", "a=ptime:20", ""],
].join("\r\n");
const lines = (text: string | null) => (text ?? "").split("\r\n");

describe("an offer", () => {
	it("stays as it is where a trunk names no codecs", () => {
		expect(offering(offer, [])).toBe(offer);
	});

	it("has the trunk's codecs only, in its order, and the digits", () => {
		const kept = lines(offering(offer, ["OPUS", "PCMA"]));
		expect(kept).toContain("m=audio 27000 RTP/AVP 102 8 101");
		expect(kept).toContain("a=fmtp:102 useinbandfec=1");
		expect(kept).toContain("a=rtpmap:101 telephone-event/8000");
		expect(kept).toContain("a=ptime:20");
		expect(kept).toContain("o=FreeSWITCH 1 2 IN IP4 192.0.2.1");
		expect(kept.join("\n")).not.toMatch(/PCMU|CN\/8000/);
	});

	it("knows a codec that has no rtpmap", () => {
		expect(lines(offering(offer, ["G722"]))).toContain(
			"m=audio 27000 RTP/AVP 9 101",
		);
	});

	it("is none where the engine has none of them", () => {
		expect(offering(offer, ["G729"])).toBeNull();
	});
});
