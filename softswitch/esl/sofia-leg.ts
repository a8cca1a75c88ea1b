import type { Log } from "../../core/log.js";
import type { Remote } from "../rtp/media.js";
import type { Dialog } from "../sip/dialog.js";
import type { SipStack } from "../sip/stack.js";
import type { Leg } from "./channel.js";

/** The SIP side of a channel: one dialog, in which it is the callee. */
export class SofiaLeg implements Leg {
	readonly sourceAddress: string;
	readonly destinationUser: string;
	readonly dialog: Dialog;
	readonly #stack: SipStack;
	readonly #log: Log;
	#isOver = false;

	constructor(
		stack: SipStack,
		dialog: Dialog,
		log: Log,
		from: { sourceAddress: string; destinationUser: string },
	) {
		this.#stack = stack;
		this.dialog = dialog;
		this.#log = log;
		this.sourceAddress = from.sourceAddress;
		this.destinationUser = from.destinationUser;
	}

	/** The far end has ended the dialog: no BYE of ours is due. */
	over(): void {
		this.#isOver = true;
	}

	bye(): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#send("BYE", "", "");
	}

	info(contentType: string, body: string): void {
		if (!this.#isOver) this.#send("INFO", contentType, body);
	}

	#send(method: string, contentType: string, body: string): void {
		const destination = this.dialog.nextHop();
		if (!destination) {
			this.#log.warn({ method, target: this.dialog.target }, "no way to send");
			return;
		}
		const headers = contentType ? { "Content-Type": contentType } : {};
		const request = this.dialog.request(method, { headers, body });
		this.#stack.request(request, destination, ({ status }) => {
			if (status >= 300)
				this.#log.warn({ method, status }, "in-dialog request failed");
		});
	}
}

/** Digits of application/dtmf-relay and application/dtmf bodies (sofia.c: sofia_handle_sip_i_info). */
export function digitOfInfo(
	contentType: string,
	body: string,
): { digit: string; durationSamples: number } | null {
	const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
	const signal =
		type === "application/dtmf-relay"
			? /Signal= *([0-9]{1,2}|[*#A-D])/i.exec(body)?.[1]
			: type === "application/dtmf"
				? /^\s*([0-9]{1,2}|[*#A-D])\s*$/i.exec(body)?.[1]
				: undefined;
	// RFC 4733 §3.2 numbers: 10 is *, 11 is #, 12 to 15 are A to D.
	const digit =
		signal === undefined
			? undefined
			: /^\d+$/.test(signal)
				? "0123456789*#ABCD"[Number(signal)]
				: signal.toUpperCase();
	if (digit === undefined) return null;
	const milliseconds = Number(/Duration= *(\d{1,6})/i.exec(body)?.[1] ?? 0);
	return { digit, durationSamples: milliseconds * 8 };
}

/** How digits travel: as RFC 4733 events where both ends know them, else by INFO. */
export function dtmfType({ eventPayloadType }: Remote): "rfc2833" | "info" {
	return eventPayloadType === null ? "info" : "rfc2833";
}
