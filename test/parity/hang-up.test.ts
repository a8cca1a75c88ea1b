import { setTimeout as sleep } from "node:timers/promises";
import type Srf from "drachtio-srf";
import { describe, expect } from "vitest";
import { connectSrf, type Engines } from "./engines.js";
import type { Endpoint, EslEvent } from "./fsmrf.js";
import { it, next } from "./lab.js";

const ENDLESS = "tone_stream://%(15000,0,500)";
const SLOWLY = { timeout: 3_000 };
const TOLD = [
	"CHANNEL_EXECUTE",
	"CHANNEL_EXECUTE_COMPLETE",
	"CHANNEL_CALLSTATE",
	"PLAYBACK_STOP",
];

/** What its event socket tells, from now on, until it closes. */
function watch({ conn }: Endpoint): { told: string[]; closed: Promise<void> } {
	const told: string[] = [];
	for (const name of TOLD)
		conn.on(`esl::event::${name}::*`, (event: EslEvent) =>
			told.push(
				[name, event.getHeader("Application"), callState(event)]
					.filter(Boolean)
					.join(" "),
			),
		);
	conn.on("esl::event::disconnect::notice", () => told.push("notice"));
	return { told, closed: next(conn, "esl::end") };
}

const callState = (event: EslEvent) =>
	event.getHeader("Event-Name") === "CHANNEL_CALLSTATE"
		? `${event.getHeader("Channel-Call-State")} ${event.getHeader("Hangup-Cause")}`
		: null;

/** A FreeSWITCH may close the socket before it has written its last events (docs/softswitch.md). */
function expectInOrder(
	{ embedded }: Engines,
	told: readonly string[],
	wanted: readonly string[],
) {
	const expected = embedded
		? wanted
		: wanted.filter((event) => told.includes(event));
	expect(told).toEqual(expected);
	expect(told.length).toBeGreaterThan(1);
}

describe("when an endpoint is destroyed", () => {
	it("what ran ends first, from the inside out, then its socket", async ({
		engines,
		lab,
	}) => {
		const { endpoint: near } = await lab.call();
		const { told, closed } = watch(near);
		void near.play(ENDLESS);
		await sleep(300);
		await near.destroy();
		await closed;
		expectInOrder(engines, told, [
			"CHANNEL_EXECUTE playback",
			"CHANNEL_EXECUTE hangup",
			"CHANNEL_EXECUTE_COMPLETE hangup",
			"PLAYBACK_STOP",
			"CHANNEL_EXECUTE_COMPLETE playback",
			"CHANNEL_EXECUTE_COMPLETE socket",
			"CHANNEL_CALLSTATE HANGUP NORMAL_CLEARING",
			"notice",
		]);
	});

	it("the phone stays until it is hung up itself", async ({ lab }) => {
		const { endpoint: near, phone, dialog } = await lab.call();
		await near.destroy();
		await sleep(200);
		expect(phone.state).toBe("answered");
		await dialog.destroy();
		expect(await phone.ended).toEqual({ by: "peer", status: null });
	});
});

describe("when the phone hangs up", () => {
	it("the dialog tells, and a sound plays on until the endpoint is destroyed", async ({
		engines,
		lab,
	}) => {
		const { endpoint: near, phone, dialog } = await lab.call();
		const { told, closed } = watch(near);
		void near.play(ENDLESS);
		await sleep(300);
		const over = next<Srf.SipMessage>(dialog, "destroy");
		await phone.hangUp();
		expect((await over).get("CSeq")).toMatch(/BYE$/);
		await sleep(200);
		expect(told).toEqual(["CHANNEL_EXECUTE playback"]);
		await near.destroy();
		await closed;
		expectInOrder(engines, told, [
			"CHANNEL_EXECUTE playback",
			"CHANNEL_EXECUTE hangup",
			"CHANNEL_EXECUTE_COMPLETE hangup",
			"PLAYBACK_STOP",
			"CHANNEL_EXECUTE_COMPLETE playback",
			"CHANNEL_EXECUTE_COMPLETE socket",
			"CHANNEL_CALLSTATE HANGUP NORMAL_CLEARING",
			"notice",
		]);
	});
});

/** The reason stands in the last event, which a FreeSWITCH may leave out. */
function expectReason(
	{ embedded }: Engines,
	told: { reason: string } | undefined,
	reason: string,
) {
	if (embedded || told) expect(told).toEqual({ reason });
}

describe("an endpoint", () => {
	it("is told when the dialog to it ends", async ({ engines, lab }) => {
		const near = await lab.endpoint();
		const over = next<{ reason: string } | undefined>(near, "destroy");
		await near.dialog.destroy();
		expectReason(engines, await over, "NORMAL_CLEARING");
		expect(near.connected).toBe(false);
	});

	it("is hung up by uuid_kill, with the cause that it names", async ({
		engines,
		lab,
	}) => {
		const near = await lab.endpoint();
		const over = next<{ reason: string } | undefined>(near, "destroy");
		const { media } = engines;
		expect(await media.api(`uuid_kill ${near.uuid} USER_BUSY`)).toBe("+OK\n");
		expectReason(engines, await over, "USER_BUSY");
	});

	it("ends when its event socket is lost", async ({ engines, lab }) => {
		const near = await lab.endpoint();
		const over = next(near.dialog, "destroy");
		near.conn.socket.destroy();
		await over;
		await expect
			.poll(() => engines.media.api(`uuid_exists ${near.uuid}`))
			.toBe("false");
	});
});

describe("after the service has died", () => {
	it("its calls can be ended by their stored dialog ids", async ({
		engines,
		lab,
	}) => {
		const { phone, dialog } = await lab.call();
		const { id } = dialog as typeof dialog & { id: string }; // srf's types leave it out
		expect(id).toMatch(new RegExp(`^${dialog.sip.callId};from-tag=.+$`));
		const { srf } = await connectSrf(engines.drachtio);
		// srf's own way to the server, which its types do not show
		const { _app: agent } = srf as unknown as { _app: Agent };
		const response = await new Promise<{ status: number }>(
			(resolve, reject) => {
				agent.request({ method: "BYE", stackDialogId: id }, (error, sent) => {
					if (error) reject(error);
					else sent.once("response", resolve);
				});
			},
		);
		expect(response.status).toBe(200);
		expect(await phone.ended).toEqual({ by: "peer", status: null });
		srf.disconnect();
	});

	it("its calls can be ended by the Call-ID and tag it chose, and while they ring by the transaction", async ({
		engines,
		lab,
	}) => {
		const talking = await lab.phone({
			script: { outcome: { type: "answer", afterMs: 800 } },
		});
		const ringing = await lab.silentPhone();
		const chosen = `chosen-${talking.uri.split(":").at(-1)}`;
		const headers = {
			"Call-ID": chosen,
			From: "<sip:flow@localhost>;tag=mine",
		};
		void engines.srf.createUAC(talking.uri, { headers });
		const sent = new Promise<Sent>((resolve) => {
			const cbRequest = (_error: unknown, request: Sent) => resolve(request);
			engines.srf
				.createUAC(ringing.uri, {}, { cbRequest } as object) // srf's types leave out the error that comes first
				.catch(() => {});
		});
		const { stackTxnId } = await sent;
		const { srf } = await connectSrf(engines.drachtio);
		const { _app: agent } = srf as unknown as { _app: Agent }; // as above
		const ask = (options: Asked) =>
			new Promise((resolve) =>
				agent.request({ ...options, uri: "sip:placeholder" }, resolve),
			);
		const bye = { method: "BYE", stackDialogId: `${chosen};from-tag=mine` };
		expect(await ask(bye)).toMatchObject({ code: "ENODIALOG" });
		await expect.poll(() => talking.calls[0]?.state, SLOWLY).toBe("answered");
		await expect.poll(() => ask(bye), SLOWLY).toBe(null);
		expect(await talking.calls[0]?.ended).toMatchObject({ by: "peer" });

		ringing.answer("INVITE", "180 Ringing");
		await sleep(100);
		expect(await ask({ method: "CANCEL", stackTxnId })).toBe(null);
		await expect.poll(() => ringing.received.at(-1)).toBe("CANCEL");
		ringing.answer("CANCEL", "200 OK");
		ringing.answer("INVITE", "487 Request Terminated");
		await expect.poll(() => ringing.received.at(-1)).toBe("ACK");
		srf.disconnect();
	});

	it("a dialog that is over is not found", async ({ engines, lab }) => {
		const { dialog } = await lab.call();
		const { id } = dialog as typeof dialog & { id: string }; // srf's types leave it out
		await dialog.destroy();
		const { _app: agent } = engines.srf as unknown as { _app: Agent }; // as above
		const refused = new Promise((resolve) => {
			agent.request({ method: "BYE", stackDialogId: id }, resolve);
		});
		expect(await refused).toMatchObject({ code: "ENODIALOG" });
	});
});

interface Sent {
	readonly stackTxnId: string;
	once(event: "response", run: (response: { status: number }) => void): void;
}

interface Asked {
	method: string;
	stackDialogId?: string;
	stackTxnId?: string;
	/** srf wants one of a CANCEL. */
	uri?: string;
}

interface Agent {
	request(
		options: Asked,
		callback: (error: Error | null, sent: Sent) => void,
	): void;
}
