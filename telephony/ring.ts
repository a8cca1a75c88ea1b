import type { Socket } from "node:net";
import type Srf from "drachtio-srf";
import type { Missed, StopReason } from "../core/call.js";
import { type Clock, sleep } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Trunk } from "../core/trunk.js";
import type { DialogName } from "./dialog-name.js";
import type { DrachtioServer } from "./drachtio.js";
import { bracket, headerName, headerValue, sipUser } from "./encode.js";
import { endLeftLeg } from "./left-leg.js";
import {
	type Attempt,
	engineLost,
	missed,
	saidBy,
	statusOf,
} from "./sip-outcome.js";

/** Where one INVITE goes. */
export interface Destination {
	/** The Request-URI. */
	uri: string;
	/** Where the packet goes, when that is not what the URI says (a resolved address). */
	proxy?: string;
	auth?: { username: string; password: string };
	/** That it goes by. */
	trunk?: Trunk;
}

export interface RingOptions {
	drachtio: DrachtioServer;
	clock: Clock;
	log: Log;
	name: DialogName;
	offer: string;
	callerId: string;
	anonymous: boolean;
	/** Further ones. */
	headers: Readonly<Record<string, string>>;
	timeoutMs: number;
	/** What it asks for: seconds after which a session that nobody refreshes is over (RFC 4028 §4). */
	sessionS: number;
	/** It left, or left anew with credentials: drachtio-server's id of its transaction. */
	onSent(transactionId: string): void;
	onRinging(sipStatus: number): void;
	/** What a provisional response says of sound before the answer (RFC 3960); called once. */
	onEarlySdp?(sdp: string): void;
}

export type RingResult =
	| { answered: true; dialog: Srf.Dialog; answer: string }
	| {
			answered: false;
			missed: Missed;
			redirectTo: string | null;
			/** A 422 (RFC 4028 §6): the shortest session that it takes, in seconds. */
			leastSessionS?: number | undefined;
	  };

/**
 * A call whose far end has gone without a word ends after half an hour at the most (RFC 4028 §4), and one that a proxy has forgotten
 * likewise. drachtio-server, or the far end, refreshes it.
 */
export const SESSION_S = 1_800;
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
	const { drachtio, clock, onRinging } = options;
	const attempt: Attempt = { rang: false };
	let request: Srf.SrfRequest | undefined;
	/** The transaction that was told last. */
	let told: string | undefined;
	return new Promise((resolve) => {
		let settled = false;
		const settle = (result: RingResult) => {
			if (settled) return;
			settled = true;
			cancelTimer();
			signal.removeEventListener("abort", onAbort);
			drachtio.off("lost", onLost);
			resolve(result);
		};
		const fail = (status: number | null, error?: unknown) =>
			settle({
				...{ answered: false, redirectTo: redirectTarget(error) },
				missed: missed(status, attempt, saidBy(responseOf(error), destination)),
				leastSessionS: leastSession(error),
			});
		const cancel = (because: "ring_timeout" | StopReason) => {
			if (attempt.canceledBecause) return;
			attempt.canceledBecause = because;
			request?.cancel(() => {});
			cancelTimer();
			// without a provisional no CANCEL leaves (RFC 3261 §9.1), and the INVITE goes on for 32 s
			cancelTimer = clock.after(CANCEL_MS, () => fail(null), true);
		};
		// what srf promised is never kept then; drachtio-server may live on, and ring
		const onLost = () => {
			const leg = { dialogId: options.name.id, transactionId: told ?? null };
			void endLeftLeg(leg, options);
			settle({ answered: false, missed: engineLost, redirectTo: null });
		};
		const onAbort = () => cancel(signal.reason as StopReason); // the contract of Dialer.dial
		let cancelTimer = clock.after(
			options.timeoutMs,
			() => cancel("ring_timeout"),
			true,
		);
		signal.addEventListener("abort", onAbort, { once: true });
		drachtio.once("lost", onLost);
		let isEarly = false;
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
			onProvisional({ status, body }) {
				const isFirst = !attempt.rang;
				attempt.rang = true;
				// one that was given up lives on for 32 s, and what comes of it is no part of the call any more
				if (settled || attempt.canceledBecause) return;
				if (body && !isEarly) options.onEarlySdp?.(body);
				isEarly ||= Boolean(body);
				// credentials were asked for in the meantime, perhaps
				tellSent();
				if (isFirst && status >= 180) onRinging(status);
			},
		}).then(
			(dialog) => {
				if (settled || attempt.canceledBecause) {
					void hangUp(dialog, drachtio); // the 200 crossed our CANCEL (RFC 3261 §9.1)
					attempt.rang = true;
					return fail(null);
				}
				settle({ answered: true, dialog, answer: dialog.remote.sdp });
			},
			(error: unknown) => {
				const status = statusOf(error);
				if (status && !isAnswer(error)) return fail(status, error);
				options.log.warn({ err: message(error) }, "an INVITE failed");
				// srf could make no dialog of the 200, and has sent its ACK: somebody is on the line
				if (request) void drachtio.hangUpWhenConnected(options.name.id);
				const reason = request ? "sip_error" : "engine_lost";
				const missed: Missed = { outcome: "failed", reason };
				settle({ answered: false, missed, redirectTo: null });
			},
		);
	});
}

/** What has ended a dialog before anybody else could listen. */
const byes = new WeakMap<Srf.Dialog, Srf.SrfRequest>();
export const byeOf = (dialog: Srf.Dialog) => byes.get(dialog);

interface Progress {
	onSent(request: Srf.SrfRequest): void;
	onProvisional(response: Srf.SrfResponse): void;
}

async function invite(
	{ uri, proxy, auth, trunk }: Destination,
	options: RingOptions,
	{ onSent, onProvisional }: Progress,
): Promise<Srf.Dialog> {
	const { drachtio, name, offer, sessionS } = options;
	const wanted = {
		localSdp: offer,
		headers: {
			...furtherHeaders(options),
			...{ Supported: "timer", "Session-Expires": String(sessionS) },
			...(sessionS > SESSION_S && { "Min-SE": String(sessionS) }),
			// in small letters: srf repeats it so, with credentials
			"call-id": name.callId,
			...callerHeaders(options, trunk),
		},
		...(proxy ? { proxy } : {}),
		...(auth ? { auth } : {}),
	};
	const progress = {
		// srf calls it as (error, request), which its types do not say
		cbRequest: ((error: unknown, sent: Srf.SrfRequest) => {
			if (!error) onSent(sent);
		}) as unknown as (request: Srf.SrfRequest) => void,
		cbProvisional: onProvisional,
	};
	return new Promise((resolve, reject) => {
		// srf's own promise comes too late for a BYE that is in one packet with the answer
		drachtio.srf.createUAC(uri, wanted, progress, (error, dialog) => {
			if (error) return reject(error);
			dialog.on("destroy", (bye) => byes.set(dialog, bye));
			resolve(dialog);
		});
	});
}

/** From, and what says who calls without showing it (RFC 3323 §4.1.1.3, RFC 3325 §9.1). */
function callerHeaders(
	{ name, callerId, anonymous }: RingOptions,
	trunk: Trunk | undefined,
): Record<string, string> {
	const user = sipUser(callerId);
	const tag = `;tag=${name.fromTag}`;
	if (!anonymous)
		return {
			From: `<sip:${user}@localhost>${tag}`,
			Contact: `<sip:${user}@localhost>`,
		};
	return {
		From: `"Anonymous" <sip:anonymous@anonymous.invalid>${tag}`,
		Contact: "<sip:anonymous@localhost>",
		Privacy: "id",
		// trusted to keep it, as whoever else is dialled is not
		...(trunk && {
			"P-Asserted-Identity": `<sip:${user}@${bracket(trunk.host)}>`,
		}),
	};
}

/** What a flow wrote, once more made harmless; what the service itself says cannot be among it (steps/fields.ts). */
const furtherHeaders = ({ headers }: RingOptions): Record<string, string> =>
	Object.fromEntries(
		Object.entries(headers).map(([name, text]) => [
			headerName(name),
			headerValue(text),
		]),
	);

/** Sends BYE and waits a while for its answer; a dialog that is gone already is what was wanted. */
export async function hangUp(
	dialog: Srf.Dialog,
	drachtio: DrachtioServer,
): Promise<void> {
	const settled = new AbortController();
	const answered = Promise.resolve(dialog.destroy() as unknown); // a promise, which its types do not say
	const patience = sleep(drachtio.clock, BYE_MS, settled.signal);
	try {
		await Promise.race([drachtio.unlessLost(answered), patience]);
	} catch (error) {
		// else the other side was faster
		if (!isNoDialog(error)) void drachtio.hangUpWhenConnected(idOf(dialog));
	}
	settled.abort();
}

const isNoDialog = (error: unknown): boolean =>
	(error as NodeJS.ErrnoException).code === "ENODIALOG";

/** Whether the connection that it was made by is gone, though there may be another. */
export const isCut = (dialog: Srf.Dialog): boolean =>
	(dialog as Srf.Dialog & { socket: Socket }).socket.destroyed; // which srf's types do not know

/** drachtio-server's name for it, which srf's types do not know. */
const idOf = (dialog: Srf.Dialog) => (dialog as Srf.Dialog & { id: string }).id;

/** A 200 of which srf can make no dialog: where it misses the Contact it throws a 500 of its own. */
const isAnswer = (error: unknown): boolean =>
	(responseOf(error)?.status ?? 300) < 300;

/** A SipError carries its response. */
const responseOf = (error: unknown) =>
	(error as { res?: Srf.SrfResponse } | undefined)?.res;

/** Which srf's types do not know. */
const transactionOf = (request: Srf.SrfRequest) =>
	(request as Srf.SrfRequest & { stackTxnId?: string }).stackTxnId;

/** Of a 422. */
function leastSession(error: unknown): number | undefined {
	const res = responseOf(error);
	if (statusOf(error) !== 422 || !res?.has("Min-SE")) return undefined;
	const [seconds] = /^\s*\d{1,9}/.exec(res.get("Min-SE")) ?? [];
	return seconds === undefined ? undefined : Number(seconds);
}

/** The Contact of a 3xx; null where it has none that can be read. */
function redirectTarget(error: unknown): string | null {
	const [res, status] = [responseOf(error), statusOf(error)];
	if (!res || !status || status < 300 || status > 399 || !res.has("Contact"))
		return null;
	try {
		return res.getParsedHeader("contact")[0]?.uri ?? null;
	} catch {
		return null;
	}
}
