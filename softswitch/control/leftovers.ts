import type { Log } from "../../core/log.js";
import { Dialog } from "../sip/dialog.js";
import { SipRequest, SipResponse } from "../sip/message.js";
import { parseText } from "../sip/parse.js";
import type { SipStack } from "../sip/stack.js";
import type { Endpoint } from "../sip/uri.js";
import type { Journal } from "./journal.js";
import type { Entry } from "./journal-lines.js";

const REASON = { Reason: 'SIP ;cause=500 ;text="restarted"' };

export interface LeftoverOptions {
	stack: SipStack;
	journal: Journal;
	log: Log;
}

/** Ends the calls that the process before this one has left: BYE to who had answered, CANCEL to who was ringing. */
export function endLeftovers({ stack, journal, log }: LeftoverOptions): void {
	const { left } = journal;
	if (left.length === 0) return;
	const up = left.filter(({ answered }) => answered).length;
	log.warn(
		{ up, ringing: left.length - up },
		"calls of a process that was killed are hung up",
	);
	for (const entry of left) new Leftover(entry, stack, journal);
}

/** One call. It is out of the journal with its final answer, or when none has come in 32 s. */
class Leftover {
	private readonly id: string;
	/** To tags of those that a BYE was sent to. */
	private readonly hungUp = new Set<string>();

	constructor(
		entry: Entry,
		private readonly stack: SipStack,
		private readonly journal: Journal,
	) {
		this.id = entry.invited.id;
		const invite = parseText(entry.invited.text);
		if (!(invite instanceof SipRequest)) {
			journal.over(this.id);
			return;
		}
		const dialog = dialogOf(entry, invite);
		const { to } = entry.invited;
		// A 200 that is sent again, or only now, finds somebody who acknowledges it
		const transaction = stack.resume(invite, to, (response, source) => {
			if (response.status < 200) return;
			if (response.status >= 300) {
				if (!dialog) journal.over(this.id);
				return;
			}
			if (!dialog) journal.answered(this.id, response, source ?? to);
			const answered = Dialog.ofCaller(invite, response);
			if (source) answered.pinTo(source);
			const hop = answered.nextHop() ?? source ?? to;
			transaction.ack(answered.ack(invite.cseq.number), hop);
			this.hangUp(answered, hop);
		});
		if (dialog) this.hangUp(dialog, dialog.nextHop() ?? to);
		else transaction.cancel({ headers: REASON });
	}

	private hangUp(dialog: Dialog, to: Endpoint): void {
		if (this.hungUp.has(dialog.remoteTag)) return;
		this.hungUp.add(dialog.remoteTag);
		const bye = dialog.request("BYE", { headers: REASON });
		this.stack.request(bye, to, ({ status }) => {
			if (status >= 200) this.journal.over(this.id);
		});
	}
}

/** The call as it was, if it was answered. */
function dialogOf(
	{ answered, moved }: Entry,
	invite: SipRequest,
): Dialog | null {
	const answer = answered && parseText(answered.text);
	if (!(answered && answer instanceof SipResponse)) return null;
	const dialog = Dialog.ofCaller(invite, answer);
	dialog.pinTo(answered.from);
	if (moved) dialog.moveTo(moved);
	return dialog;
}
