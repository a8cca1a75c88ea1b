import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { silentLog } from "../../core/log.js";
import { newDialogName } from "../../telephony/dialog-name.js";
import type { DrachtioServer } from "../../telephony/drachtio.js";
import { ring } from "../../telephony/ring.js";
import { ManualClock } from "../support/manual-clock.js";

interface Progress {
	cbRequest(error: null, sent: object): void;
	cbProvisional(response: { status: number; body: string }): void;
}

/** An INVITE that is sent, and says what `says` has it say; `canceled` counts the CANCELs that were asked for. */
function ringing() {
	const clock = new ManualClock();
	const did = { rang: [] as number[], early: 0, canceled: 0, kept: 0 };
	const sent = { stackTxnId: "one", cancel: () => did.canceled++ };
	let progress: Progress | undefined;
	const srf = {
		createUAC(_uri: string, _options: object, given: Progress) {
			progress = given;
			given.cbRequest(null, sent);
		},
	};
	const drachtio = Object.assign(new EventEmitter(), {
		...{ srf, connected: true },
	}) as unknown as DrachtioServer; // all that ring uses
	const stop = new AbortController();
	const result = ring(
		{ uri: "sip:911@192.0.2.1" },
		{
			...{ drachtio, clock, log: silentLog, name: newDialogName() },
			...{ offer: "v=0", callerId: "1", anonymous: false, headers: {} },
			...{ timeoutMs: 2_000, sessionS: 1_800 },
			onSent: () => did.kept++,
			onRinging: (status) => did.rang.push(status),
			onEarlySdp: () => did.early++,
		},
		stop.signal,
	);
	const says = (status: number, body = "") =>
		progress?.cbProvisional({ status, body });
	return { clock, did, sent, stop, result, says };
}

it("an INVITE tells once that it rings, and of the first sound before the answer", async () => {
	const { clock, did, result, says } = ringing();
	for (const status of [180, 183, 180]) says(status, "v=0");
	expect(did).toMatchObject({ rang: [180], early: 1, canceled: 0 });
	await clock.advance(4_000);
	expect(await result).toMatchObject({
		missed: { outcome: "no_answer", reason: "ring_timeout" },
	});
	expect(did.canceled).toBe(1);
});

it("an INVITE that was given up says nothing more, whatever comes of it in its 32 seconds", async () => {
	const { clock, did, sent, result, says } = ringing();
	await clock.advance(4_000);
	expect(await result).toMatchObject({
		missed: { outcome: "unreachable", reason: "no_route" },
	});
	sent.stackTxnId = "with credentials";
	says(180);
	says(183, "v=0");
	expect(did).toEqual({ rang: [], early: 0, canceled: 1, kept: 1 });
});

it("an INVITE that is taken back rings nobody in the eyes of its call, though it did", async () => {
	const { clock, did, result, says } = ringing();
	await clock.advance(2_500);
	says(180);
	await clock.advance(1_500);
	expect(await result).toMatchObject({
		missed: { outcome: "no_answer", reason: "ring_timeout" },
	});
	expect(did.rang).toEqual([]);
});
