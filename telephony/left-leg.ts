import type { LegName } from "../core/call.js";
import { type Clock, sleep } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { DrachtioServer } from "./drachtio.js";

const AGAIN_MS = 500;
/** After a CANCEL the INVITE has ended soon, unless an answer crossed it. */
const CANCELED_MS = 5_000;
/** For an INVITE that cannot be canceled, since its transaction is not known: somebody may answer as long as a phone rings. */
const RINGING_MS = 180_000;

export interface LeftLegOptions {
	drachtio: DrachtioServer;
	clock: Clock;
	log: Log;
}

/**
 * Ends a leg that another process has left, or this one with its connection, whatever it has come to. drachtio-server 0.9.10 does nothing by itself when its
 * client is gone (measured): what was answered takes a BYE by the dialog's name, with an ACK or without; what rings takes a CANCEL
 * by the transaction's; and who answers in between, a BYE after that. Resolves with whether this drachtio-server took a BYE; gives up
 * when `ended` aborts: another did.
 */
export async function endLeftLeg(
	{ dialogId, transactionId }: LegName,
	{ drachtio, clock, log }: LeftLegOptions,
	ended?: AbortSignal,
): Promise<boolean> {
	const until = ended
		? AbortSignal.any([drachtio.closed, ended])
		: drachtio.closed;
	const startedAt = clock.monotonic();
	let patienceMs = transactionId === null ? RINGING_MS : CANCELED_MS;
	try {
		for (let first = true; ; first = false) {
			await drachtio.untilConnected(until);
			const bye = { method: "BYE", stackDialogId: dialogId } as const;
			if (await isTaken(drachtio.tell(bye))) return true;
			if (first && transactionId !== null) {
				const cancel = { method: "CANCEL", stackTxnId: transactionId } as const;
				// it has ended, or was just answered: one BYE more will tell
				if (!(await isTaken(drachtio.tell(cancel)))) patienceMs = AGAIN_MS;
			}
			if (clock.monotonic() - startedAt > patienceMs) return false;
			await sleep(clock, AGAIN_MS, until);
		}
	} catch (error) {
		if (!until.aborted) log.warn({ err: message(error) }, "a callee was left");
		return false;
	}
}

/** drachtio-server refuses what it has no such dialog or transaction for. */
const isTaken = (told: Promise<void>): Promise<boolean> =>
	told.then(
		() => true,
		() => false,
	);
