import { afterEach, describe, expect, it } from "vitest";
import {
	responseTo,
	type SipRequest,
} from "../../../softswitch/sip/message.js";
import { requestFromPeer } from "../sip/memory-wire.js";
import { clockedSide } from "./clocked-side.js";
import { closeAll, sdp } from "./pair.js";
import { RawClient } from "./raw-client.js";

afterEach(closeAll);

/** drachtio-server's own: half of the interval, give or take 5 s. */
const SPREAD_MS = 5_000;

/** A call that the client made, with what the peer's 200 says of the session. */
async function calling(sessionExpires?: string) {
	const side = await clockedSide();
	const client = await RawClient.authenticated(side);
	await client.sip(
		"|",
		"INVITE sip:peer@192.0.2.7:5070 SIP/2.0",
		"Content-Type: application/sdp",
		"",
		sdp(1).trimEnd(),
	);
	const invite = side.wire.lastRequest;
	const answer = (request: SipRequest, status: number, says?: string) =>
		side.receive(
			responseTo(request, status, "theirs").with({
				headers: {
					Contact: "<sip:peer@192.0.2.7:5070>",
					...(says && { "Session-Expires": says }),
				},
			}),
		);
	answer(invite, 200, sessionExpires);
	const { tokens } = await client.nextSip("SIP/2.0 200");
	await client.sip(`|${tokens[9]}`, "ACK sip:placeholder SIP/2.0");
	/** Requests without repetitions and ACKs. */
	const methods = () => {
		const requests = side.wire.sent
			.map(({ message }) => message)
			.filter((one) => one.kind === "request" && one.method !== "ACK");
		return [...new Set(requests.map(({ cseq }) => cseq.number))].map(
			(number) =>
				requests.find(({ cseq }) => cseq.number === number)?.cseq.method,
		);
	};
	/** As the peer, within the call. */
	const ask = (method: string, cseq: number, headers = {}) =>
		side.receive(
			requestFromPeer(method, {
				...{ cseq, headers, branch: `z9hG4bKp${cseq}` },
				...{ callId: invite.callId, toTag: invite.fromTag },
			})
				.toString()
				.replace(/tag=peertag/, "tag=theirs"),
		);
	return { ...side, client, invite, answer, methods, ask };
}

describe("a call that is refreshed by us", () => {
	it.each(["90;refresher=uac", "90"])(
		"gets a re-INVITE with the same offer at half of '%s', again and again, and the client hears nothing",
		async (says) => {
			const { wire, clock, client, invite, answer, control } =
				await calling(says);
			for (let round = 0; round < 3; round++) {
				const before = wire.sent.length;
				await clock.advance(45_000 - SPREAD_MS - 1);
				expect(wire.sent).toHaveLength(before);
				await clock.advance(2 * SPREAD_MS + 2);
				const refresh = wire.lastRequest;
				expect(refresh.method).toBe("INVITE");
				expect(refresh.body).toBe(invite.body);
				expect(refresh.headers.get("session-expires")).toBe("90;refresher=uac");
				expect(refresh.headers.get("min-se")).toBe("90");
				expect(refresh.headers.get("contact")).toBe(
					invite.headers.get("contact"),
				);
				answer(refresh, 200, says);
				expect(wire.lastRequest.method).toBe("ACK");
				expect(wire.lastRequest.cseq.number).toBe(refresh.cseq.number);
			}
			expect(client.received).toEqual([]);
			expect(control.calls).toBe(1);
		},
	);

	it("is refreshed later where both sides do so at once", async () => {
		const { wire, clock, answer, methods } = await calling("90;refresher=uac");
		await clock.advance(50_001);
		answer(wire.lastRequest, 491);
		await clock.advance(39_990);
		expect(methods()).toEqual(["INVITE", "INVITE"]);
		await clock.advance(10_020);
		expect(methods()).toEqual(["INVITE", "INVITE", "INVITE"]);
	});

	it.each([481, 500, 408])("is hung up after a %s", async (status) => {
		const { wire, clock, client, answer, control } =
			await calling("90;refresher=uac");
		await clock.advance(50_001);
		if (status === 408) await clock.advance(32_000);
		else answer(wire.lastRequest, status);
		expect(wire.lastRequest.method).toBe("BYE");
		const told = await client.nextSip("BYE");
		expect(told.text).toContain(
			'Reason: SIP ;cause=200 ;text="Session timer expired"',
		);
		expect(control.calls).toBe(0);
	});

	it("is let be once it is over", async () => {
		const { clock, methods, ask } = await calling("90;refresher=uac");
		ask("BYE", 2);
		await clock.advance(200_000);
		expect(methods()).toEqual(["INVITE"]);
	});
});

describe("a call that the peer refreshes", () => {
	it("is hung up when it does not", async () => {
		const { wire, clock, client, control } = await calling("90;refresher=uas");
		await clock.advance(89_999);
		expect(control.calls).toBe(1);
		await clock.advance(1);
		expect(wire.lastRequest.method).toBe("BYE");
		await client.nextSip("BYE");
	});

	it.each(["INVITE", "UPDATE"])("stays up when %s comes", async (method) => {
		const { wire, clock, client, control, ask } =
			await calling("90;refresher=uas");
		for (let cseq = 2; cseq < 5; cseq++) {
			await clock.advance(60_000);
			ask(method, cseq, { "Session-Expires": "90;refresher=uac" });
			const { tokens } = await client.nextSip(method);
			await client.sip(`${tokens[8]}|`, "SIP/2.0 200 OK");
			if (method === "INVITE") {
				expect(wire.lastResponse.headers.get("session-expires")).toBe(
					"90;refresher=uac",
				);
				ask("ACK", cseq);
			}
		}
		expect(control.calls).toBe(1);
		await clock.advance(90_001);
		expect(control.calls).toBe(0);
	});

	it("is asked for no less than 90 s", async () => {
		const { wire, ask, control, clock } = await calling("1800;refresher=uas");
		ask("UPDATE", 2, { "Session-Expires": "89" });
		expect(wire.lastResponse.status).toBe(422);
		expect(wire.lastResponse.headers.get("min-se")).toBe("90");
		await clock.advance(1_799_000);
		expect(control.calls).toBe(1);
	});
});

describe("a call whose peer knows no session timers", () => {
	it("stays as it is", async () => {
		const { clock, methods } = await calling();
		await clock.advance(24 * 3_600_000);
		expect(methods()).toEqual(["INVITE"]);
	});
});
