import type { ClientTransaction } from "../sip/client-transaction.js";
import type { Dialog } from "../sip/dialog.js";
import type { SipRequest } from "../sip/message.js";
import type { ServerTransaction } from "../sip/server-transaction.js";
import type { ControlClient } from "./client.js";

/** A call that is up, as the control protocol sees it. */
export interface ControlDialog {
	/** `<Call-ID>;from-tag=<From tag of the INVITE>`, for both roles (sip-dialog.hpp). */
	readonly id: string;
	readonly sip: Dialog;
	/** What the journal knows it by: the branch of our INVITE; "" for a call that came in. */
	readonly journalId: string;
	/** Gets what comes in for this call. The call outlives it. */
	readonly client: ControlClient;
	/** Our INVITE that has its 2xx and waits for the client's ACK. */
	unacknowledged: ClientTransaction | null;
	/** Our re-INVITE without a final response. */
	calling: ClientTransaction | null;
	/** The peer's re-INVITE without a final response. */
	called: ServerTransaction | null;
	/** What the client has said last of its media; "" for nothing. */
	localSdp: string;
	/** Who refreshes the call (RFC 4028), and what stops the timer of it. */
	session: { ours: boolean; cancel: () => void } | null;
	/** The INVITE was cancelled when its 200 was on the way: it is hung up once it is acknowledged. */
	cancelled: boolean;
}

export function dialogId(invite: SipRequest): string {
	return `${invite.callId};from-tag=${invite.fromTag}`;
}

/** Every call that is up, by what the client, the peer and a repeated Call-ID know of it. */
export class Dialogs {
	private readonly byId = new Map<string, ControlDialog>();
	private readonly byTags = new Map<string, ControlDialog>();
	private readonly byCallId = new Map<string, ControlDialog>();

	get size(): number {
		return this.byId.size;
	}

	add(dialog: ControlDialog): void {
		const { callId, localTag, remoteTag } = dialog.sip;
		this.byId.set(dialog.id, dialog);
		this.byTags.set(`${callId} ${localTag} ${remoteTag}`, dialog);
		this.byCallId.set(callId, dialog);
	}

	delete(dialog: ControlDialog): void {
		const { callId, localTag, remoteTag } = dialog.sip;
		const tags = `${callId} ${localTag} ${remoteTag}`;
		dialog.session?.cancel();
		dialog.session = null;
		if (this.byId.get(dialog.id) === dialog) this.byId.delete(dialog.id);
		if (this.byTags.get(tags) === dialog) this.byTags.delete(tags);
		if (this.byCallId.get(callId) === dialog) this.byCallId.delete(callId);
	}

	withId(id: string): ControlDialog | undefined {
		return this.byId.get(id);
	}

	withCallId(callId: string): ControlDialog | undefined {
		return this.byCallId.get(callId);
	}

	/** The dialog a request from the network belongs to. */
	of(request: SipRequest): ControlDialog | undefined {
		return this.byTags.get(
			`${request.callId} ${request.toTag} ${request.fromTag}`,
		);
	}
}
