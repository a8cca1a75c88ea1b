import { describe, expect, it } from "vitest";
import { SipTap } from "../../telephony/sip-tap.js";

const invite = "INVITE sip:a@192.0.2.1 SIP/2.0\r\nCall-ID: one\r\n\r\n";
const short = "BYE sip:a@192.0.2.1 SIP/2.0\r\ni:one\r\n\r\n";

/** What is told of the dialog `one`. */
function seen(...messages: string[]) {
	const told: [string, string][] = [];
	const tap = new SipTap();
	const ended = new AbortController();
	const take = (...one: [string, string]) => told.push(one);
	tap.watch("one", take, ended.signal);
	for (const message of messages) tap.see(message);
	return { told, tap, ended };
}

describe("what drachtio-server tells of SIP", () => {
	it("is told as it was sent or came, to whom its dialog is", () => {
		const { told } = seen(
			`1|response|2|OK|application|9|udp|192.0.2.7|5060|10:00:00.000000|t|Msg sent:|\r\n${invite}`,
			`1|sip|network|9|udp|192.0.2.1|5060|10:00:00.000000|t|d|\r\n${short}`,
			`1|sip|application|9|udp|192.0.2.1|5060|10:00:00.000000|unsolicited|d|\r\n${short}`,
			`1|sip|network|9|udp|192.0.2.1|5060|10:00:00.000000|t|d|\r\n${invite.replace("one", "two")}`,
		);
		expect(told).toEqual([
			["sent", invite],
			["received", short],
			["sent", short],
		]);
	});

	it("is told as the stack's own where it came from no address", () => {
		const refused = "SIP/2.0 503 Service Unavailable\r\nCall-ID: one\r\n\r\n";
		const { told } = seen(
			`1|sip|network|0|udp||0|10:00:00.000000|t||\r\n${refused}`,
		);
		expect(told).toEqual([["own", refused]]);
	});

	it.each([
		...[
			"1|response|2|OK|pong",
			"1|response|2|NOK|no such dialog",
			"",
			"|",
			"\r\n",
		],
		...[`1|response|2|NOK|x\r\n${invite}`, `1|cdr:stop|network|x\r\n${invite}`],
		"1|sip|network|9|udp||0|10:00:00.000000|t|d|\r\nINVITE sip:a SIP/2.0\r\n\r\n",
	])("is not told where it is no message: %j", (message) => {
		expect(seen(message).told).toEqual([]);
	});

	it("is not told any more once nobody wants it", () => {
		const { told, tap, ended } = seen();
		const message = `1|sip|network|9|udp|192.0.2.1|5060|10:00:00.000000|t|d|\r\n${invite}`;
		ended.abort();
		tap.see(message);
		tap.watch("one", (...one) => told.push(one), AbortSignal.abort());
		tap.see(message);
		expect(told).toEqual([]);
	});
});
