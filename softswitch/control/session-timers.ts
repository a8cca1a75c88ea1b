import { randomInt } from "node:crypto";
import type { SipMessage, SipRequest, SipResponse } from "../sip/message.js";
import type { ControlDialog } from "./dialogs.js";
import type { Exchange } from "./exchange.js";

/** Seconds; RFC 4028 §5: no interval may be shorter. */
export const MIN_SE = 90;
/** Refreshes of calls that began together are spread (sip-dialog.cpp, setSessionTimer). */
const SPREAD_MS = 5_000;

/** A Session-Expires header; null where there is none that can be read. */
interface SessionExpires {
	/** Seconds. */
	interval: number;
	refresher: "uac" | "uas" | null;
}

const isChange = ({ method }: SipRequest) =>
	method === "INVITE" || method === "UPDATE";

/** RFC 4028 §9: 422 to it. */
export function isTooShort(request: SipRequest): boolean {
	const asks = isChange(request) ? sessionExpiresOf(request) : null;
	return asks !== null && asks.interval < MIN_SE;
}

function sessionExpiresOf({ headers }: SipMessage): SessionExpires | null {
	const text = headers.get("session-expires") ?? "";
	const interval = /^\d{1,9}(?=\s*(?:;|$))/.exec(text.trim())?.[0];
	if (interval === undefined) return null;
	const refresher = /;\s*refresher\s*=\s*(uac|uas)\b/i.exec(text)?.[1];
	return {
		interval: Number(interval),
		refresher: (refresher?.toLowerCase() ??
			null) as SessionExpires["refresher"], // what the pattern allows
	};
}

/**
 * Keeps calls fresh, and ends those whose peer does not (RFC 4028), without a word to the client but a BYE, as drachtio-server does:
 * sip-dialog-controller.cpp, notifyRefreshDialog and notifyTerminateStaleDialog.
 */
export class SessionTimers {
	readonly #exchange: Exchange;
	readonly #expire: (dialog: ControlDialog) => void;

	/** `expire` hangs up. */
	constructor(exchange: Exchange, expire: (dialog: ControlDialog) => void) {
		this.#exchange = exchange;
		this.#expire = expire;
	}

	/** Our INVITE was answered; without a Session-Expires in it there is nothing new. */
	answered(dialog: ControlDialog, response: SipResponse): void {
		const agreed = sessionExpiresOf(response);
		if (agreed) this.#set(dialog, agreed.interval, agreed.refresher !== "uas");
	}

	/** The peer asks for a change: a new interval begins, or none if it names none. */
	changing(dialog: ControlDialog, request: SipRequest): void {
		if (!isChange(request)) return;
		const wasOurs = dialog.session?.ours ?? false;
		dialog.session?.cancel();
		dialog.session = null;
		const asks = sessionExpiresOf(request);
		if (!asks) return;
		const isPeers = asks.refresher ? asks.refresher === "uac" : wasOurs;
		this.#set(dialog, asks.interval, !isPeers);
	}

	/** The client's 2xx to an INVITE: what it says, else what was asked for where that says who refreshes. */
	changed(
		dialog: ControlDialog,
		request: SipRequest,
		response: SipResponse,
	): void {
		const own = sessionExpiresOf(response);
		const asked = sessionExpiresOf(request);
		const agreed = own ?? (asked?.refresher ? asked : null);
		if (!agreed) return;
		const { refresher } = agreed;
		const interval = Math.max(MIN_SE, agreed.interval);
		if (!own)
			response.headers.set(
				"Session-Expires",
				`${interval};refresher=${refresher}`,
			);
		this.#set(dialog, interval, refresher === "uas");
	}

	/** From now on; `ours` says who refreshes. */
	#set(dialog: ControlDialog, interval: number, ours: boolean): void {
		dialog.session?.cancel();
		const spread = randomInt(-SPREAD_MS, SPREAD_MS + 1);
		const afterMs = ours ? interval * 500 + spread : interval * 1_000;
		const cancel = this.#exchange.clock.after(Math.max(0, afterMs), () => {
			dialog.session = null;
			if (ours) this.#refresh(dialog, interval);
			else this.#expire(dialog);
		});
		dialog.session = { ours, cancel };
	}

	/** A re-INVITE with what was said last; the client hears nothing of it. */
	#refresh(dialog: ControlDialog, interval: number): void {
		const { stack, dialogs, journal } = this.#exchange;
		const to = dialog.sip.nextHop();
		if (!to) {
			this.#expire(dialog);
			return;
		}
		// one change at a time (RFC 3261 §14.1): that one may refresh, too
		if (dialog.calling || dialog.called) {
			this.#set(dialog, interval, true);
			return;
		}
		const transaction = stack.request(
			dialog.sip.request("INVITE", {
				headers: {
					"Session-Expires": `${interval};refresher=uac`,
					"Min-SE": String(MIN_SE),
					...(dialog.localSdp && { "Content-Type": "application/sdp" }),
				},
				body: dialog.localSdp,
			}),
			to,
			(response) => {
				if (response.status < 200) return;
				dialog.calling = null;
				const isUp = dialogs.withId(dialog.id) === dialog;
				if (response.status < 300) {
					transaction.ack(dialog.sip.ack(transaction.request.cseq.number), to);
					dialog.sip.refresh(response);
					journal.moved(dialog.journalId, dialog.sip);
					if (isUp) this.answered(dialog, response);
				} else if (isUp && response.status === 491)
					this.#set(dialog, interval, true);
				else if (isUp) this.#expire(dialog);
			},
		);
		dialog.calling = transaction;
		journal.moved(dialog.journalId, dialog.sip);
	}
}
