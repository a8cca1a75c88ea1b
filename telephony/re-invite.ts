import type Srf from "drachtio-srf";
import { statusOf } from "./sip-outcome.js";

/** What srf's types do not know: it sends one re-INVITE of a dialog at a time. */
interface Queue {
	_reinvitesInProgress: { count: number; admitOne: (() => void)[] };
}

/**
 * Offers something new within a dialog, and returns the answer. srf never counts a re-INVITE that was refused as over, and each one after
 * it would wait for ever (5.0.29, lib/dialog.js: modify): here it is over, and the next one has its turn.
 */
export async function reInvite(
	dialog: Srf.Dialog,
	offer: string,
): Promise<string> {
	try {
		return (await dialog.modify(offer)) as unknown as string; // without noAck it is the answer
	} catch (error) {
		if (statusOf(error) !== undefined) {
			const { _reinvitesInProgress: queue } = dialog as Srf.Dialog & Queue;
			queue.count--;
			queue.admitOne.shift()?.();
		}
		throw error;
	}
}
