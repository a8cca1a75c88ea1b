import type { LegName } from "../core/call.js";
import { type Clock, sleep } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Engine } from "./engine.js";

const AGAIN_MS = 500;
/** After a CANCEL the INVITE has ended soon, unless an answer crossed it. */
const CANCELED_MS = 5_000;
/** For an INVITE that cannot be canceled, since its transaction is not known: somebody may answer as long as a phone rings. */
const RINGING_MS = 180_000;

/**
 * Ends a leg that another process has left, whatever it has come to. drachtio-server 0.9.10 does nothing by itself when its
 * client is gone (measured): what was answered takes a BYE by the dialog's name, with an ACK or without; what rings takes a CANCEL
 * by the transaction's; and who answers in between, a BYE after that.
 */
export async function endLeftLeg(
	{ dialogId, transactionId }: LegName,
	{ engine, clock, log }: { engine: Engine; clock: Clock; log: Log },
): Promise<void> {
	const startedAt = clock.monotonic();
	let patienceMs = transactionId === null ? RINGING_MS : CANCELED_MS;
	try {
		for (let first = true; ; first = false) {
			await engine.untilReady(engine.closed);
			const bye = { method: "BYE", stackDialogId: dialogId } as const;
			if (await isTaken(engine.tell(bye))) return;
			if (first && transactionId !== null) {
				const cancel = { method: "CANCEL", stackTxnId: transactionId } as const;
				// it has ended, or was just answered: one BYE more will tell
				if (!(await isTaken(engine.tell(cancel)))) patienceMs = AGAIN_MS;
			}
			if (clock.monotonic() - startedAt > patienceMs) return;
			await sleep(clock, AGAIN_MS, engine.closed);
		}
	} catch (error) {
		if (!engine.closed.aborted)
			log.warn({ err: message(error) }, "a callee was left");
	}
}

/** drachtio-server refuses what it has no such dialog or transaction for. */
const isTaken = (told: Promise<void>): Promise<boolean> =>
	told.then(
		() => true,
		() => false,
	);
