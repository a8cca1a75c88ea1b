import { newId } from "../core/id.js";

/** What names a dialog before its INVITE leaves, so that any process can end it. */
export interface DialogName {
	callId: string;
	fromTag: string;
	/** drachtio-server's name for it (0.9.10, src/sip-dialog.hpp). */
	id: string;
}

export function newDialogName(): DialogName {
	const [callId, fromTag] = [newId(), newId()];
	return { callId, fromTag, id: `${callId};from-tag=${fromTag}` };
}
