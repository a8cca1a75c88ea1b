import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeAll, newSide, patiently, type Side, sdp } from "./pair.js";
import { inDialogOfPeer, newPeer, type Peer } from "./peer.js";
import { headerOf, RawClient } from "./raw-client.js";

let side: Side;
beforeEach(async () => {
	side = await newSide();
});
afterEach(closeAll);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d\d:\d\d:\d\d\.\d{6}$/;

/** An INVITE of a client, answered by a peer, up to the pushed 200. */
async function callPeer(client: RawClient, peer: Peer, contact?: string) {
	peer.onRequest = (request) => {
		if (request.method === "INVITE")
			peer.answer(request, 200, {
				body: sdp(9),
				...(contact ? { headers: { Contact: contact } } : {}),
			});
		else if (request.method !== "ACK") peer.answer(request, 200);
	};
	const sent = await client.ask(
		`sip||\r\nINVITE sip:x@${peer.at} SIP/2.0\r\nfrom: sip:1@localhost\r\ncontact: sip:1@localhost\r\nContent-Length: 1\r\n\r\n${sdp(8)}`,
	);
	const answer = await client.nextSip("SIP/2.0 200");
	return { sent, answer, dialogId: answer.tokens[9] ?? "" };
}

describe("a request of a client", () => {
	it("is completed, sent and echoed as it was sent", async () => {
		const client = await RawClient.authenticated(
			side,
			"cdr:attempt",
			"cdr:start",
		);
		const peer = await newPeer();
		const { sent, answer, dialogId } = await callPeer(client, peer);
		const { stack } = side;
		const { port } = stack.address;
		expect(sent.tokens.slice(0, 2)).toEqual(["OK", "application"]);
		expect(sent.tokens[2]).toBe(String(Buffer.byteLength(sent.text)));
		expect(sent.tokens.slice(3, 6)).toEqual(["udp", "127.0.0.1", String(port)]);
		expect(sent.tokens[6]).toMatch(TIME);
		expect(sent.tokens[7]).toMatch(UUID);
		expect(sent.tokens.slice(8)).toEqual(["Msg sent:", ""]);
		expect(
			sent.text.replace(/(branch|tag)=\S+/g, "$1=?").split("\r\n"),
		).toEqual([
			`INVITE sip:x@${peer.at} SIP/2.0`,
			`Via: SIP/2.0/UDP ${side.at};rport;branch=?`,
			"Max-Forwards: 70",
			`From: <sip:1@${side.at}>;tag=?`,
			`To: <sip:x@${peer.at}>`,
			`Call-ID: ${headerOf(sent.text, "call-id")}`,
			`CSeq: ${headerOf(sent.text, "cseq")}`,
			`Contact: <sip:1@${side.at}>`,
			"Content-Type: application/sdp",
			`Content-Length: ${sdp(8).length}`,
			"",
			...sdp(8).split("\r\n"),
		]);
		expect(answer.tokens.slice(1, 3)).toEqual(["sip", "network"]);
		expect(answer.tokens[8]).toBe(sent.tokens[7]);
		const tag = /tag=(\S+)/.exec(headerOf(sent.text, "from"))?.[1];
		expect(dialogId).toBe(`${headerOf(sent.text, "call-id")};from-tag=${tag}`);
		const attempt = await client.next(
			({ tokens }) => tokens[1] === "cdr:attempt",
		);
		expect(attempt.tokens[2]).toBe("application");
		expect(attempt.text).toBe(sent.text);
		const start = await client.next(({ tokens }) => tokens[1] === "cdr:start");
		expect([start.tokens[2], start.tokens[4]]).toEqual(["network", "uac"]);
	});

	it("keeps the Call-ID, the From tag and the CSeq that it names, and goes to the proxy it names", async () => {
		const client = await RawClient.authenticated(side);
		const peer = await newPeer();
		const arrived = new Promise<string>((resolve) => {
			peer.onRequest = (request) => {
				peer.answer(request, 200);
				resolve(request.toString());
			};
		});
		const sent = await client.sip(
			`||sip:${peer.at}`,
			"OPTIONS sip:x@192.0.2.44 SIP/2.0",
			"From: <sip:1@example.com>;tag=mine",
			"Call-ID: chosen",
			"CSeq: 17 OPTIONS",
		);
		const text = await arrived;
		expect(sent.text).toBe(text);
		expect(text).toContain("OPTIONS sip:x@192.0.2.44 SIP/2.0\r\n");
		expect(text).toContain("From: <sip:1@example.com>;tag=mine\r\n");
		expect(text).toContain("Call-ID: chosen\r\n");
		expect(text).toContain("CSeq: 17 OPTIONS\r\n");
		expect(text).not.toContain("Route");
	});

	it("is answered by the server itself when nobody can be reached, without an address", async () => {
		const client = await RawClient.authenticated(side);
		const gone = await newSide();
		await gone.control.close();
		await gone.stack.close();
		const sent = await client.sip("|", `OPTIONS sip:${gone.at} SIP/2.0`);
		const answer = await client.nextSip("SIP/2.0 503");
		expect(answer.tokens.slice(2, 7)).toEqual(["network", "0", "udp", "", "0"]);
		expect(answer.tokens[8]).toBe(sent.tokens[7]);
	});
});

describe("a call that is up", () => {
	it("is acknowledged by the client, and again by the server for every 200 that comes again", async () => {
		const client = await RawClient.authenticated(side);
		const peer = await newPeer();
		const { dialogId } = await callPeer(client, peer);
		const acks: string[] = [];
		const invite = new Promise<void>((resolve) => {
			peer.onRequest = (request) => {
				acks.push(request.toString());
				if (acks.length === 3) resolve();
			};
		});
		const echo = await client.sip(`|${dialogId}`, "ACK sip:x SIP/2.0");
		expect(echo.tokens[0]).toBe("OK");
		expect(headerOf(echo.text, "cseq")).toMatch(/ ACK$/);
		const again =
			peer.sent.find((text) => text.startsWith("SIP/2.0 200")) ?? "";
		peer.send(again);
		peer.send(again);
		await invite;
		expect(new Set(acks)).toEqual(new Set([echo.text]));
		const twice = await client.sip(`|${dialogId}`, "ACK sip:x SIP/2.0");
		expect(twice.tokens[0]).toBe("NOK");
	});

	it("outlives its client, and is ended by another that knows its id", async () => {
		const client = await RawClient.authenticated(side);
		const peer = await newPeer();
		const { dialogId } = await callPeer(client, peer);
		await client.sip(`|${dialogId}`, "ACK sip:x SIP/2.0");
		client.socket.destroy();
		await expect.poll(() => side.control.clients, patiently).toBe(0);
		expect(side.control.calls).toBe(1);
		const other = await RawClient.authenticated(side);
		const arrived = new Promise<string>((resolve) => {
			peer.onRequest = (request) => {
				peer.answer(request, 200);
				resolve(`${request.method} ${request.uri}`);
			};
		});
		const sent = await other.sip(`|${dialogId}`, "BYE sip:placeholder SIP/2.0");
		expect(sent.tokens[0]).toBe("OK");
		expect(await arrived).toBe(`BYE sip:peer@${peer.at}`);
		const answer = await other.nextSip("SIP/2.0 200");
		expect(answer.tokens.slice(8, 10)).toEqual([sent.tokens[7], dialogId]);
		expect(side.control.calls).toBe(0);
	});

	it("whose client is gone answers 481 to what the peer asks, and ends with its BYE", async () => {
		const client = await RawClient.authenticated(side);
		const peer = await newPeer();
		const { sent, dialogId } = await callPeer(client, peer);
		await client.sip(`|${dialogId}`, "ACK sip:x SIP/2.0");
		client.socket.destroy();
		await expect.poll(() => side.control.clients, patiently).toBe(0);
		const statuses: number[] = [];
		peer.onResponse = (response) => statuses.push(response.status);
		for (const [number, method] of ["INFO", "BYE"].entries())
			peer.send(inDialogOfPeer(peer, side, sent.text, method, number + 1));
		await expect.poll(() => statuses, patiently).toEqual([481, 481]);
		expect(side.control.calls).toBe(0);
	});

	it("refuses a request out of order with 500, and one of no call with 481", async () => {
		const client = await RawClient.authenticated(side);
		const peer = await newPeer();
		const { sent, dialogId } = await callPeer(client, peer);
		await client.sip(`|${dialogId}`, "ACK sip:x SIP/2.0");
		const statuses: number[] = [];
		peer.onResponse = (response) => statuses.push(response.status);
		peer.send(inDialogOfPeer(peer, side, sent.text, "INFO", 5));
		const info = await client.nextSip("INFO");
		expect(info.tokens[9]).toBe(dialogId);
		await client.sip(`${info.tokens[8]}|`, "SIP/2.0 200 OK");
		peer.send(inDialogOfPeer(peer, side, sent.text, "INFO", 4));
		peer.send(
			inDialogOfPeer(peer, side, sent.text, "INFO", 6).replace(
				"tag=theirs",
				"tag=others",
			),
		);
		await expect.poll(() => statuses, patiently).toEqual([200, 500, 481]);
	});

	it("is reached where its packets come from when the Contact names another host", async () => {
		const client = await RawClient.authenticated(side);
		const peer = await newPeer();
		const { dialogId } = await callPeer(
			client,
			peer,
			"<sip:x@10.11.12.13:5060>",
		);
		const arrived = new Promise<string>((resolve) => {
			peer.onRequest = (request) => resolve(request.uri);
		});
		await client.sip(`|${dialogId}`, "ACK sip:x SIP/2.0");
		expect(await arrived).toBe("sip:x@10.11.12.13:5060");
	});

	it("is the one meant by a request that names its Call-ID", async () => {
		const client = await RawClient.authenticated(side);
		const peer = await newPeer();
		const { sent, dialogId } = await callPeer(client, peer);
		await client.sip(`|${dialogId}`, "ACK sip:x SIP/2.0");
		const bye = await client.sip(
			"|",
			"BYE sip:placeholder SIP/2.0",
			`Call-ID: ${headerOf(sent.text, "call-id")}`,
		);
		expect(headerOf(bye.text, "to")).toContain("tag=theirs");
		expect((await client.nextSip("SIP/2.0 200")).tokens[9]).toBe(dialogId);
	});
});
