import { setTimeout as sleep } from "node:timers/promises";
import type Srf from "drachtio-srf";
import { describe, expect } from "vitest";
import { it, type Lab } from "./lab.js";

const TONE_HZ = 500;
const CREDENTIALS = { username: "joe", password: "secret" };

/** The first repetition comes after half a second, drachtio-server's after a whole one. */
const SLOWLY = { timeout: 3000 };

/** What came of an INVITE: its provisional responses, and the error or the dialog. */
async function attempt(
	lab: Lab,
	uri: string,
	options: Srf.CreateUACOptions = {},
) {
	const near = await lab.endpoint();
	const provisional: number[] = [];
	const error = await lab
		.dial(uri, near, options, {
			cbProvisional: ({ status }) => provisional.push(status),
		})
		.then(
			() => null,
			(refused: { status: number; reason: string }) => refused,
		);
	return { provisional, error };
}

describe("an outgoing call", () => {
	it("rings, and is answered with the headers that were asked for", async ({
		lab,
	}) => {
		const callee = await lab.phone({
			script: { outcome: { type: "answer", afterMs: 300 } },
		});
		const near = await lab.endpoint();
		const provisional: number[] = [];
		const dialog = await lab.dial(
			callee.uri,
			near,
			{ headers: { From: "sip:123@flow", "X-Test": "1" } },
			{ cbProvisional: ({ status }) => provisional.push(status) },
		);
		// 100 Trying is kept to itself.
		expect(provisional).toEqual([180]);
		const [answered] = callee.calls;
		expect(answered?.invite.headers.get("x-test")).toBe("1");
		expect(answered?.invite.headers.get("from")).toMatch(/sip:123@flow/);
		expect(answered?.invite.callId).toBe(dialog.sip.callId);
		expect(answered?.state).toBe("answered");
	});

	it("hands on early media", async ({ lab }) => {
		const callee = await lab.phone({
			script: {
				ring: 183,
				earlyMedia: `tone_stream://%(8000,0,${TONE_HZ})`,
				outcome: { type: "answer", afterMs: 300 },
			},
		});
		const near = await lab.endpoint();
		const early: string[] = [];
		await lab.dial(
			callee.uri,
			near,
			{},
			{
				cbProvisional: ({ status, body }) => early.push(`${status} ${body}`),
			},
		);
		expect(early).toHaveLength(1);
		expect(early[0]).toMatch(/^183 v=0\r\n.*m=audio \d+ RTP\/AVP 0 /s);
	});

	it.for([
		[486, "Busy Here"],
		[603, "Decline"],
		[404, "Not Found"],
		[480, "Temporarily Unavailable"],
		[500, "Server Internal Error"],
	] as const)("hears of %i %s", async ([status, reason], { lab }) => {
		const { uri } = await lab.phone({
			script: { outcome: { type: "reject", status, afterMs: 50 } },
		});
		const { provisional, error } = await attempt(lab, uri);
		expect(error).toMatchObject({ status, reason });
		expect(provisional).toEqual([180]);
	});

	it("does not follow a redirection by itself", async ({ lab }) => {
		const contact = "sip:nobody@127.0.0.1:9";
		const outcome = {
			type: "reject",
			status: 302,
			afterMs: 0,
			contact,
		} as const;
		const { uri } = await lab.phone({ script: { outcome } });
		const { error } = await attempt(lab, uri);
		expect(error).toMatchObject({ status: 302 });
		const { res } = error as unknown as { res: Srf.SrfResponse }; // srf's SipError carries the response
		expect(res.get("Contact")).toContain(contact);
	});

	it("is cancelled while it rings", async ({ lab }) => {
		const callee = await lab.phone({ script: { outcome: { type: "ignore" } } });
		const near = await lab.endpoint();
		let sent: Srf.SrfRequest | undefined;
		const outcome = lab.dial(
			callee.uri,
			near,
			{},
			{
				cbRequest: (_error, request) => {
					sent = request;
				},
				cbProvisional: () => sent?.cancel(() => {}),
			},
		);
		await expect(outcome).rejects.toMatchObject({
			status: 487,
			reason: "Request Terminated",
		});
		expect(await callee.calls[0]?.ended).toEqual({ by: "peer", status: 487 });
	});

	it.for([401, 407] as const)("answers a %i", async (status, { lab }) => {
		const callee = await lab.phone({
			authenticate: { ...CREDENTIALS, status },
		});
		const { error } = await attempt(lab, callee.uri, { auth: CREDENTIALS });
		expect(error).toBeNull();
		const { headers, cseq, fromTag } = callee.calls[0]?.invite ?? {};
		expect(
			headers?.get(status === 401 ? "authorization" : "proxy-authorization"),
		).toContain('username="joe"');
		expect(cseq?.number).toBeGreaterThan(1);
		expect(fromTag).not.toBe("");
	});

	it.for([401, 407] as const)(
		"is told of a %i that it cannot answer",
		async (status, { lab }) => {
			const { uri } = await lab.phone({
				authenticate: { ...CREDENTIALS, status },
			});
			const { error } = await attempt(lab, uri);
			expect(error).toMatchObject({ status });
		},
	);

	it("learns at once that nobody is there", async ({ lab }) => {
		const before = performance.now();
		const { provisional, error } = await attempt(lab, "sip:100@127.0.0.1:9");
		expect(error).toMatchObject({ status: 503 });
		expect(provisional).toEqual([]);
		expect(performance.now() - before).toBeLessThan(2000);
	});

	it("is sent again until somebody answers, and taken back only then", async ({
		lab,
	}) => {
		const silent = await lab.silentPhone();
		const near = await lab.endpoint();
		let sent: Srf.SrfRequest | undefined;
		const outcome = lab
			.dial(
				silent.uri,
				near,
				{},
				{
					cbRequest: (_error, request) => {
						sent = request;
					},
				},
			)
			.catch((error: unknown) => error);
		await expect.poll(() => silent.received, SLOWLY).toHaveLength(2);
		sent?.cancel(() => {});
		await sleep(200);
		expect(silent.received).toEqual(["INVITE", "INVITE"]);
		silent.answer("INVITE", "180 Ringing");
		await expect.poll(() => silent.received).toContain("CANCEL");
		silent.answer("CANCEL", "200 OK");
		silent.answer("INVITE", "487 Request Terminated");
		expect(await outcome).toMatchObject({ status: 487 });
		await expect.poll(() => silent.received).toContain("ACK");
	});

	it("finds no sound for itself where the phone holds no codec in common", async ({
		lab,
	}) => {
		const callee = await lab.phone();
		const near = await lab.endpoint();
		const sdp = near.local.sdp
			.replace(/^m=audio.*$/m, "m=audio 4000 RTP/AVP 96")
			.replace(/^a=(rtpmap|fmtp).*\r\n/gm, "")
			.concat("a=rtpmap:96 X-NOBODY/8000\r\n");
		await expect(
			lab.dial(callee.uri, { local: { sdp } }),
		).rejects.toMatchObject({ status: 488 });
	});

	it("over TCP sounds as it does over UDP", async ({ lab }) => {
		const callee = await lab.phone();
		const near = await lab.endpoint();
		const dialog = await lab.dial(`${callee.uri};transport=tcp`, near);
		await near.modify(dialog.remote.sdp);
		await near.play(`tone_stream://%(200,0,${TONE_HZ})`);
		expect(callee.calls[0]?.state).toBe("answered");
		await dialog.destroy();
		expect(await callee.calls[0]?.ended).toMatchObject({ by: "peer" });
	});
});
