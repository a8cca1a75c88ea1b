import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../core/log.js";
import {
	type EventSocket,
	startEventSocket,
} from "../../../softswitch/esl/event-socket.js";
import type {
	MediaEngine,
	Remote,
	StreamEvents,
} from "../../../softswitch/rtp/media.js";
import { Dialog } from "../../../softswitch/sip/dialog.js";
import {
	SipRequest,
	type SipResponse,
} from "../../../softswitch/sip/message.js";
import { SipStack } from "../../../softswitch/sip/stack.js";
import { ManualClock } from "../../support/manual-clock.js";
import { FakeStream } from "./rig.js";

/** Streams that note what they are told and let a test press digits. */
class FakeMedia implements MediaEngine {
	readonly streams: FakeStream[] = [];
	readonly remotes: Remote[] = [];
	events: StreamEvents | null = null;
	isFull = false;
	constructor(readonly clock: ManualClock) {}
	get live(): number {
		return this.streams.length;
	}
	async open(events: StreamEvents): Promise<FakeStream> {
		if (this.isFull) throw new Error("full");
		this.events = events;
		const stream = new FakeStream(this.clock);
		stream.configure = (remote) => void this.remotes.push(remote);
		this.streams.push(stream);
		return stream;
	}
	async close(): Promise<void> {}
}

const silentAudio = {
	speak: () => Promise.reject(new Error("no speech here")),
	decode: () => Promise.reject(new Error("no decoder here")),
	close: async () => {},
};

const OFFER = [
	"v=0",
	"o=- 1 1 IN IP4 127.0.0.1",
	"s=-",
	"c=IN IP4 127.0.0.1",
	"t=0 0",
	"m=audio 6000 RTP/AVP 0 101",
	"a=rtpmap:101 telephone-event/8000",
	"",
].join("\r\n");
const ANSWER_WITHOUT_EVENTS = OFFER.replace(" 0 101", " 8").replace(
	/a=.*\r\n/,
	"",
);

let clock: ManualClock;
let media: FakeMedia;
let sofia: EventSocket;
let stack: SipStack;
let listener: Server;
/** Sockets that the event socket opened to us. */
let opened: Socket[];
/** Requests that came to our side. */
let received: SipRequest[];

beforeEach(async () => {
	clock = new ManualClock();
	media = new FakeMedia(clock);
	opened = [];
	received = [];
	sofia = await startEventSocket({
		host: "127.0.0.1",
		port: 0,
		secret: "hush",
		media,
		mediaAddress: "127.0.0.1",
		audio: silentAudio,
		soundsDir: "/",
		maxEndpoints: 2,
		clock,
		log: silentLog,
	});
	const options = { host: "127.0.0.1", port: 0, clock, log: silentLog };
	stack = await SipStack.open(options);
	stack.onRequest = (request, transaction) => {
		received.push(request);
		transaction.reply(200);
	};
	listener = createServer((socket) => opened.push(socket));
	await new Promise<void>((resolve) =>
		listener.listen(0, "127.0.0.1", resolve),
	);
});
afterEach(async () => {
	for (const socket of opened) socket.destroy();
	listener.close();
	await sofia.close();
	await stack.close();
});

function listenAddress(): string {
	const address = listener.address();
	return `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

function destination() {
	const [host = "", port = ""] = sofia.sipAddress.split(":");
	return { host, port: Number(port), transport: "udp" as const };
}

let calls = 0;
function invite(
	body: string,
	headers: Record<string, string> = {},
): SipRequest {
	const request = new SipRequest("INVITE", `sip:drachtio@${sofia.sipAddress}`);
	return request.with({
		headers: {
			From: "<sip:app@127.0.0.1>;tag=1",
			To: `<sip:drachtio@${sofia.sipAddress}>`,
			"Call-ID": `call-${++calls}`,
			CSeq: "1 INVITE",
			Contact: stack.contact(),
			"User-Agent": "drachtio-fsmrf:u1",
			"X-esl-outbound": listenAddress(),
			...(body && { "Content-Type": "application/sdp" }),
			...headers,
		},
		body,
	});
}

/** Sends and gets the final response; a 2xx to an INVITE is acknowledged with `ackBody`. */
function ask(
	request: SipRequest,
	ackBody: string | null = "",
): Promise<SipResponse> {
	return new Promise((resolve) => {
		const sent = stack.request(request, destination(), (response) => {
			if (response.status < 200) return;
			if (
				request.method === "INVITE" &&
				response.status < 300 &&
				ackBody !== null
			)
				sent.ack(ackOf(request, response, ackBody), destination());
			resolve(response);
		});
	});
}

function ackOf(
	request: SipRequest,
	response: SipResponse,
	body: string,
): SipRequest {
	const headers = { "Content-Type": "application/sdp" };
	const dialog = Dialog.ofCaller(request, response);
	return dialog.ack(request.cseq.number, body ? { headers, body } : {});
}

async function establish(body = OFFER, ackBody = ""): Promise<Dialog> {
	const request = invite(body);
	return Dialog.ofCaller(request, await ask(request, ackBody));
}

describe("an INVITE", () => {
	it("with an offer is answered, and the event socket opened to where it says", async () => {
		const response = await ask(invite(OFFER));
		expect(response.status).toBe(200);
		expect(response.body).toContain("m=audio 4000 RTP/AVP 0 101\r\n");
		expect(response.headers.get("contact")).toContain("sip:drachtio@127.0.0.1");
		await expect.poll(() => opened.length).toBe(1);
		expect(media.remotes).toMatchObject([
			{
				address: "127.0.0.1",
				port: 6000,
				payloadType: 0,
				direction: "sendrecv",
			},
		]);
	});

	it("without one gets an offer, and waits for the answer in the ACK", async () => {
		const response = await ask(invite(""), null);
		expect(response.body).toContain("m=audio 4000 RTP/AVP 0 8 101\r\n");
		expect(opened).toHaveLength(0);
		await establish("", OFFER);
		await expect.poll(() => opened.length).toBe(1);
		expect(media.remotes).toHaveLength(1);
	});

	it("whose ACK holds no answer that can be used is hung up", async () => {
		await establish("", "v=0\r\nm=audio 6000 RTP/AVP 18\r\n");
		await expect
			.poll(() => received.map(({ method }) => method))
			.toEqual(["BYE"]);
		expect(opened).toHaveLength(0);
	});

	it("whose ACK never comes is hung up", async () => {
		await ask(invite(OFFER), null);
		await clock.advance(32_000);
		await expect
			.poll(() => received.map(({ method }) => method))
			.toContain("BYE");
	});

	it("with no codec in common is refused, and its port freed", async () => {
		const offer = OFFER.replace(" 0 101", " 18");
		expect((await ask(invite(offer))).status).toBe(488);
		expect(media.streams[0]?.notes).toEqual(["close"]);
	});

	it("that is not drachtio-fsmrf's, or names no address to connect to, finds nobody", async () => {
		for (const headers of [
			{ "User-Agent": "scanner" },
			{ "X-esl-outbound": "evil.example:80" },
			{ "X-esl-outbound": "127.0.0.1:99999" },
			{ "X-esl-outbound": "127.0.0.1" },
			{ "X-esl-outbound": "999.0.0.1:80" },
		])
			expect((await ask(invite(OFFER, headers))).status).toBe(404);
		expect(media.streams).toHaveLength(0);
	});

	it("beyond the ceiling, or without an RTP port, gets 503 and when to come back", async () => {
		await ask(invite(OFFER));
		media.isFull = true;
		expect((await ask(invite(OFFER))).status).toBe(503);
		media.isFull = false;
		await ask(invite(OFFER));
		const full = await ask(invite(OFFER));
		expect(full.status).toBe(503);
		expect(full.headers.get("retry-after")).toBe("5");
	});

	it("of an app that does not listen is hung up", async () => {
		const headers = { "X-esl-outbound": "127.0.0.1:9" };
		await ask(invite(OFFER, headers));
		await expect
			.poll(() => received.map(({ method }) => method))
			.toEqual(["BYE"]);
	});
});

describe("inside the dialog", () => {
	it("a new offer moves the media, without changing the port", async () => {
		const dialog = await establish();
		const headers = { "Content-Type": "application/sdp" };
		const body = OFFER.replace("6000", "7000").replace(
			"t=0 0",
			"t=0 0\r\na=sendonly",
		);
		const response = await ask(dialog.request("INVITE", { headers, body }));
		expect(response.body).toContain("m=audio 4000 ");
		expect(response.body).toContain("a=recvonly\r\n");
		expect(media.remotes.at(-1)).toMatchObject({
			port: 7000,
			direction: "recvonly",
		});
	});

	it("a re-INVITE without an offer gets one, and its ACK the answer", async () => {
		const dialog = await establish();
		const response = await ask(dialog.request("INVITE"), ANSWER_WITHOUT_EVENTS);
		expect(response.body).toContain("m=audio 4000 RTP/AVP 0 8 101\r\n");
		await expect
			.poll(() => media.remotes.at(-1))
			.toMatchObject({ payloadType: 8, eventPayloadType: null });
	});

	it("an offer that cannot be taken changes nothing", async () => {
		const dialog = await establish();
		const headers = { "Content-Type": "application/sdp" };
		const body = OFFER.replace(" 0 101", " 18");
		const response = await ask(dialog.request("INVITE", { headers, body }));
		expect(response.status).toBe(488);
		expect(media.remotes).toHaveLength(1);
		expect((await ask(dialog.request("OPTIONS"))).status).toBe(200);
	});

	it("BYE ends the channel and closes its event socket", async () => {
		const dialog = await establish();
		await expect.poll(() => opened.length).toBe(1);
		const closed = new Promise((resolve) =>
			opened[0]?.resume().on("close", resolve),
		);
		expect((await ask(dialog.request("BYE"))).status).toBe(200);
		await closed;
		expect(media.streams[0]?.notes).toContain("close");
		expect(received).toEqual([]);
		expect((await ask(dialog.request("OPTIONS"))).status).toBe(481);
	});

	it("the event socket's end is the channel's end", async () => {
		await establish();
		await expect.poll(() => opened.length).toBe(1);
		opened[0]?.destroy();
		await expect
			.poll(() => received.map(({ method }) => method))
			.toEqual(["BYE"]);
	});

	it("INFO digits are heard only where RTP has none", async () => {
		for (const [offer, count] of [
			[ANSWER_WITHOUT_EVENTS, 3],
			[OFFER, 0],
		] as const) {
			const dialog = await establish(offer);
			const at = opened.length;
			await expect.poll(() => opened.length).toBeGreaterThan(at - 1);
			await expect.poll(() => opened.at(-1)?.readyState).toBe("open");
			const text = reading(opened.at(-1));
			opened.at(-1)?.write("event json DTMF\n\n");
			await expect.poll(text).toContain("listener enabled");
			for (const [type, body] of [
				["application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"],
				["application/dtmf-relay", "Signal= 11\r\n"],
				["application/dtmf", "*"],
				["application/dtmf-relay", "Signal=ü"],
				["text/plain", "5"],
			] as const) {
				const headers = { "Content-Type": type };
				const info = dialog.request("INFO", { headers, body });
				expect((await ask(info)).status).toBe(200);
			}
			const digits = () => text().match(/"DTMF-Digit":"."/g) ?? [];
			await expect.poll(() => digits().length).toBe(count);
			if (count > 0) expect(digits().join("")).toMatch(/5.*#.*\*/);
			await ask(dialog.request("BYE"));
		}
	});

	it("what it does not know is refused", async () => {
		const dialog = await establish();
		expect((await ask(dialog.request("UPDATE"))).status).toBe(405);
		expect((await ask(dialog.request("REFER"))).status).toBe(405);
	});

	it("requests that come too late are out of order", async () => {
		const dialog = await establish();
		await ask(dialog.request("OPTIONS"));
		const old = dialog.request("OPTIONS");
		old.headers.set("CSeq", "1 OPTIONS");
		expect((await ask(old)).status).toBe(500);
	});
});

it("a digit of the RTP part is the channel's digit", async () => {
	await establish();
	await expect.poll(() => opened.length).toBe(1);
	const text = reading(opened[0]);
	opened[0]?.write("event json DTMF\n\n");
	await expect.poll(text).toContain("listener enabled");
	media.events?.onDigit("7", 1600, "RTP");
	await expect.poll(text).toContain('"DTMF-Digit":"7"');
	expect(text()).toContain('"DTMF-Source":"RTP"');
});

/** What came over a socket so far. */
function reading(socket: Socket | undefined): () => string {
	let text = "";
	socket?.on("data", (chunk) => {
		text += chunk;
	});
	return () => text;
}
