import type Srf from "drachtio-srf";
import type { Missed, StopReason } from "../core/call.js";
import { type Clock, sleep } from "../core/clock.js";
import type { DialogName } from "./dialog-name.js";
import { headerValue, sipUser } from "./encode.js";
import type { Engine } from "./engine.js";
import { type Attempt, missed, statusOf } from "./sip-outcome.js";

/** Where one INVITE goes. */
export interface Destination {
	/** The Request-URI. */
	uri: string;
	/** Where the packet goes, when that is not what the URI says (a resolved address). */
	proxy?: string;
	auth?: { username: string; password: string };
}

export interface RingOptions {
	engine: Engine;
	clock: Clock;
	name: DialogName;
	offer: string;
	callerId: string;
	timeoutMs: number;
	/** It left, or left anew with credentials: drachtio-server's id of its transaction. */
	onSent(transactionId: string): void;
	onRinging(sipStatus: number): void;
}

export type RingResult =
	| { answered: true; dialog: Srf.Dialog; answer: string }
	| { answered: false; missed: Missed; redirectTo: string | null };

/** How long a canceled INVITE may take to end before nobody waits for it any more. */
const CANCEL_MS = 2_000;
/** How long anybody waits for the answer to a BYE; it is sent again for 32 s all the same (RFC 3261 §17.1.2.2, timer F). */
const BYE_MS = 2_000;

/** Sends one INVITE and waits for its end; aborting `signal` (its reason a StopReason) sends CANCEL. An answer that comes too late gets a BYE. */
export function ring(
	destination: Destination,
	options: RingOptions,
	signal: AbortSignal,
): Promise<RingResult> {
	const { engine, clock, onRinging } = options;
	const attempt: Attempt = { rang: false };
	let request: Srf.SrfRequest | undefined;
	return new Promise((resolve) => {
		let settled = false;
		const settle = (result: RingResult) => {
			if (settled) return;
			settled = true;
			cancelTimer();
			signal.removeEventListener("abort", onAbort);
			engine.off("lost", onLost);
			resolve(result);
		};
		const fail = (status: number | null, redirectTo: string | null = null) =>
			settle({ answered: false, missed: missed(status, attempt), redirectTo });
		const cancel = (because: "ring_timeout" | StopReason) => {
			if (attempt.canceledBecause) return;
			attempt.canceledBecause = because;
			request?.cancel(() => {});
			cancelTimer();
			// without a provisional no CANCEL leaves (RFC 3261 §9.1), and the INVITE goes on for 32 s
			cancelTimer = clock.after(CANCEL_MS, () => fail(null), true);
		};
		// what srf promised is never kept then
		const onLost = () =>
			settle({ answered: false, missed: engineLost, redirectTo: null });
		const onAbort = () => cancel(signal.reason as StopReason); // the contract of Dialer.dial
		let cancelTimer = clock.after(
			options.timeoutMs,
			() => cancel("ring_timeout"),
			true,
		);
		signal.addEventListener("abort", onAbort, { once: true });
		engine.once("lost", onLost);

		let told: string | undefined;
		const tellSent = () => {
			const id = request && transactionOf(request);
			if (id !== undefined && id !== told) options.onSent(id);
			told = id;
		};
		invite(destination, options, {
			onSent(sent) {
				request = sent;
				tellSent();
				if (attempt.canceledBecause) sent.cancel(() => {});
			},
			onProvisional({ status }) {
				// credentials were asked for in the meantime, perhaps
				tellSent();
				if (!attempt.rang && status >= 180) onRinging(status);
				attempt.rang = true;
			},
		}).then(
			(dialog) => {
				if (settled || attempt.canceledBecause) {
					void hangUp(dialog, clock); // the 200 crossed our CANCEL (RFC 3261 §9.1)
					attempt.rang = true;
					return fail(null);
				}
				settle({ answered: true, dialog, answer: dialog.remote.sdp });
			},
			(error: unknown) => {
				const status = statusOf(error);
				if (status !== undefined && !isAnswer(error))
					return fail(status, redirectTarget(error));
				// srf could make no dialog of the 200, and has sent its ACK: somebody is on the line
				if (request) void engine.hangUpWhenReady(options.name.id);
				const reason = request ? "sip_error" : "engine_lost";
				const missed: Missed = { outcome: "failed", reason };
				settle({ answered: false, missed, redirectTo: null });
			},
		);
	});
}

interface Progress {
	onSent(request: Srf.SrfRequest): void;
	onProvisional(response: Srf.SrfResponse): void;
}

async function invite(
	{ uri, proxy, auth }: Destination,
	{ engine, name, offer, callerId }: RingOptions,
	{ onSent, onProvisional }: Progress,
): Promise<Srf.Dialog> {
	return engine.srf.createUAC(
		uri,
		{
			localSdp: offer,
			headers: {
				// in small letters: srf repeats it so, with credentials
				"call-id": name.callId,
				From: headerValue(
					`<sip:${sipUser(callerId)}@localhost>;tag=${name.fromTag}`,
				),
				Contact: headerValue(`<sip:${sipUser(callerId)}@localhost>`),
			},
			...(proxy ? { proxy } : {}),
			...(auth ? { auth } : {}),
		},
		{
			// srf calls it as (error, request), which its types do not say
			cbRequest: ((error: unknown, sent: Srf.SrfRequest) => {
				if (!error) onSent(sent);
			}) as unknown as (request: Srf.SrfRequest) => void,
			cbProvisional: onProvisional,
		},
	);
}

/** Sends BYE and waits a while for its answer; a dialog that is gone already is what was wanted. */
export async function hangUp(dialog: Srf.Dialog, clock: Clock): Promise<void> {
	const settled = new AbortController();
	const answered = Promise.resolve(dialog.destroy() as unknown); // a promise, which its types do not say
	const patience = sleep(clock, BYE_MS, settled.signal);
	try {
		await Promise.race([answered, patience]);
	} catch {
		// ENODIALOG: the other side was faster
	}
	settled.abort();
}

const engineLost: Missed = { outcome: "interrupted", reason: "engine_lost" };

/** A 200 of which srf can make no dialog: where it misses the Contact it throws a 500 of its own. */
function isAnswer(error: unknown): boolean {
	const { res } = error as { res?: Srf.SrfResponse }; // a SipError carries its response
	return res !== undefined && res.status < 300;
}

/** Which srf's types do not know. */
const transactionOf = (request: Srf.SrfRequest) =>
	(request as Srf.SrfRequest & { stackTxnId?: string }).stackTxnId;

/** The Contact of a 3xx; null where it has none that can be read. */
function redirectTarget(error: unknown): string | null {
	const { res, status } = error as {
		res?: Srf.SrfResponse;
		status?: number;
	}; // a SipError carries its response
	if (!res || !status || status < 300 || status > 399 || !res.has("Contact"))
		return null;
	try {
		return res.getParsedHeader("contact")[0]?.uri ?? null;
	} catch {
		return null;
	}
}
