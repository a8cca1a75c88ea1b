import type { SipRequest, SipResponse } from "../sip/message.js";
import type { ServerTransaction } from "../sip/server-transaction.js";
import type { Channel } from "./channel.js";
import type { Engine } from "./engine.js";
import { hangup } from "./hangup.js";
import { digitOfInfo, type SofiaLeg } from "./sofia-leg.js";
import type { SofiaMedia } from "./sofia-media.js";

export const ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO";

/** Makes a 200 with Contact and all, but without a body. */
export type Answering = (
	request: SipRequest,
	transaction: ServerTransaction,
) => SipResponse;

/** A channel with its dialog and its media: what happens inside the dialog. */
export class SofiaCall {
	readonly channel: Channel;
	readonly leg: SofiaLeg;
	readonly #media: SofiaMedia;
	readonly #engine: Engine;

	constructor(
		engine: Engine,
		parts: { channel: Channel; leg: SofiaLeg; media: SofiaMedia },
	) {
		this.#engine = engine;
		this.channel = parts.channel;
		this.leg = parts.leg;
		this.#media = parts.media;
	}

	/**
	 * The SDP that answers an INVITE, and what is to happen with its ACK; null if they have nothing in common (488).
	 * Without an offer the answer holds ours, and the ACK their answer; `onAgreed` is called once both are known.
	 */
	negotiate(
		request: SipRequest,
		transaction: ServerTransaction,
		onAgreed: () => void = () => {},
	): string | null {
		const { variables } = this.channel;
		transaction.onAckTimeout = () =>
			hangup(this.#engine, this.channel, "RECOVERY_ON_TIMER_EXPIRE");
		if (request.body !== "") {
			const answer = this.#media.answer(request.body, variables);
			if (answer !== null) onAgreed();
			return answer;
		}
		transaction.onAck = (ack) => {
			if (this.channel.isDown) return;
			if (this.#media.answered(ack.body, variables)) onAgreed();
			else hangup(this.#engine, this.channel, "INCOMPATIBLE_DESTINATION");
		};
		return this.#media.offer(variables);
	}

	receive(
		request: SipRequest,
		transaction: ServerTransaction,
		answering: Answering,
	): void {
		if (this.channel.isDown) transaction.reply(481);
		// RFC 3261 §12.2.2: out of order
		else if (!this.leg.dialog.accepts(request)) transaction.reply(500);
		else if (request.method === "INVITE")
			this.#reinvite(request, transaction, answering);
		else if (request.method === "BYE") {
			transaction.reply(200);
			this.leg.over();
			hangup(this.#engine, this.channel, "NORMAL_CLEARING");
		} else if (request.method === "INFO") {
			transaction.reply(200);
			this.#info(request);
		} else {
			const status = request.method === "OPTIONS" ? 200 : 405;
			transaction.reply(status, { headers: { Allow: ALLOW } });
		}
	}

	#reinvite(
		request: SipRequest,
		transaction: ServerTransaction,
		answering: Answering,
	): void {
		const sdp = this.negotiate(request, transaction);
		// RFC 3261 §14.2: after a 488 the session stays as it was
		if (sdp === null) transaction.reply(488);
		else transaction.respond(withSdp(answering(request, transaction), sdp));
	}

	/** Heard only where RFC 4733 was not agreed on, as FreeSWITCH does without liberal-dtmf. */
	#info(request: SipRequest): void {
		const type = request.headers.get("content-type") ?? "";
		const found = digitOfInfo(type, request.body);
		if (!found) return;
		const { channel } = this;
		if (channel.variables.get("dtmf_type") === "info")
			channel.pushDigit({
				digit: found.digit,
				duration: found.durationSamples,
				source: "ENDPOINT",
			});
		else this.#engine.log.warn("INFO digit ignored: RFC 4733 was agreed on");
	}
}

export function withSdp(response: SipResponse, body: string): SipResponse {
	return response.with({
		headers: {
			"Content-Type": "application/sdp",
			"Content-Disposition": "session",
		},
		body,
	});
}
