import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeAll, newSide, patiently, type Side, sdp } from "./pair.js";
import { inviteOfPeer, newPeer } from "./peer.js";
import { headerOf, RawClient } from "./raw-client.js";

let side: Side;
beforeEach(async () => {
	side = await newSide();
});
afterEach(closeAll);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("an INVITE from the network", () => {
	it("is pushed with where it was received, answered, and its ACK pushed", async () => {
		const client = await RawClient.authenticated(side, "invite");
		const peer = await newPeer(side);
		peer.send(inviteOfPeer(peer, side));
		const { tokens, text } = await client.nextSip("INVITE");
		const [, port] = peer.at.split(":");
		expect(tokens.slice(2, 7)).toEqual([
			"network",
			String(Buffer.byteLength(text)),
			"udp",
			"127.0.0.1",
			port,
		]);
		expect(tokens[8]).toMatch(UUID);
		expect(tokens.slice(9)).toEqual([
			"",
			"127.0.0.1",
			String(side.stack.address.port),
			"",
		]);
		const ok = new Promise<string>((resolve) => {
			peer.onResponse = (response) => {
				if (response.status === 200) resolve(response.toString());
			};
		});
		const sent = await client.ask(
			`sip|${tokens[8]}|\r\nSIP/2.0 200 OK\r\nto: <sip:me@x>;tag=chosen\r\n\r\n${sdp(7)}`,
		);
		expect(sent.text).toBe(await ok);
		expect(sent.tokens.slice(3, 6)).toEqual(["udp", "127.0.0.1", port]);
		expect(sent.tokens.slice(7)).toEqual([
			tokens[8],
			"call-of-peer;from-tag=peertag",
			"",
			"Msg sent:",
			"",
		]);
		expect(headerOf(sent.text, "to")).toContain("tag=chosen");
		expect(headerOf(sent.text, "contact")).toBe(`<sip:${side.at}>`);
		expect(headerOf(sent.text, "content-type")).toBe("application/sdp");
		peer.send(
			inviteOfPeer(peer, side)
				.replace(/INVITE/g, "ACK")
				.replace("branch=z9hG4bKp1", "branch=z9hG4bKp2")
				.replace(/^(To:.*)$/m, "$1;tag=chosen"),
		);
		const ack = await client.nextSip("ACK");
		expect(ack.tokens.slice(8, 10)).toEqual([
			tokens[8],
			"call-of-peer;from-tag=peertag",
		]);
	});

	it("goes to clients in turn", async () => {
		const clients = [
			await RawClient.authenticated(side, "message"),
			await RawClient.authenticated(side, "message"),
			await RawClient.authenticated(side, "invite"),
		];
		const peer = await newPeer(side);
		for (const branch of ["a", "b", "c", "d"])
			peer.send(
				inviteOfPeer(peer, side)
					.replace(/INVITE/g, "MESSAGE")
					.replace("z9hG4bKp1", `z9hG4bK${branch}`)
					.replace("call-of-peer", branch),
			);
		await expect
			.poll(() => clients.map(({ received }) => received.length), patiently)
			.toEqual([2, 2, 0]);
	});

	it.each([
		[
			"has no Contact",
			(text: string) => text.replace(/^Contact.*\r\n/m, ""),
			400,
		],
		[
			"has an empty Contact",
			(text: string) => text.replace(/^Contact.*\r\n/m, "Contact: <>\r\n"),
			400,
		],
		[
			"has no From tag",
			(text: string) => text.replace(";tag=peertag", ""),
			400,
		],
		[
			"belongs to a call nobody knows",
			(text: string) => text.replace(/^(To:.*)$/m, "$1;tag=x"),
			481,
		],
	])("is refused when it %s", async (_what, spoil, status) => {
		await RawClient.authenticated(side, "invite");
		const peer = await newPeer(side);
		const statuses: number[] = [];
		peer.onResponse = (response) => statuses.push(response.status);
		peer.send(spoil(inviteOfPeer(peer, side)));
		await expect.poll(() => statuses, patiently).toEqual([100, status]);
	});

	it("tells call records", async () => {
		const client = await RawClient.authenticated(
			side,
			"invite",
			"cdr:attempt",
			"cdr:stop",
		);
		const peer = await newPeer(side);
		peer.send(inviteOfPeer(peer, side));
		const { tokens } = await client.nextSip("INVITE");
		await client.sip(`${tokens[8]}|`, "SIP/2.0 603 Decline");
		const attempt = await client.next((one) => one.tokens[1] === "cdr:attempt");
		expect(attempt.tokens[2]).toBe("network");
		const stop = await client.next((one) => one.tokens[1] === "cdr:stop");
		expect([stop.tokens[2], stop.tokens[4]]).toEqual([
			"application",
			"call-rejected",
		]);
	});
});

describe("an INVITE whose client goes", () => {
	it("is cancelled if it rings", async () => {
		const client = await RawClient.authenticated(side);
		const peer = await newPeer();
		const cancelled = new Promise<string>((resolve) => {
			peer.onRequest = (request) => {
				peer.answer(request, request.method === "INVITE" ? 180 : 200);
				if (request.method === "CANCEL") resolve(request.method);
			};
		});
		await client.sip("|", `INVITE sip:x@${peer.at} SIP/2.0`);
		await client.nextSip("SIP/2.0 180");
		client.socket.destroy();
		expect(await cancelled).toBe("CANCEL");
	});

	it("is refused if it came in", async () => {
		const client = await RawClient.authenticated(side, "invite");
		const peer = await newPeer(side);
		const statuses: number[] = [];
		peer.onResponse = (response) => statuses.push(response.status);
		peer.send(inviteOfPeer(peer, side));
		await client.nextSip("INVITE");
		client.socket.destroy();
		await expect.poll(() => statuses, patiently).toEqual([100, 503]);
	});
});
