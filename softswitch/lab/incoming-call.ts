import { Dialog } from "../sip/dialog.js";
import type { SipRequest } from "../sip/message.js";
import type { ServerTransaction } from "../sip/server-transaction.js";
import { PhoneCall, type PhoneHost } from "./phone-call.js";
import type { Outcome, Script } from "./script.js";

const SDP = { "Content-Type": "application/sdp" };

/** A call that comes in: rings, then answers or refuses, as the script says. */
export class IncomingCall extends PhoneCall {
	readonly direction = "in";
	readonly invite: SipRequest;
	readonly #transaction: ServerTransaction;
	/** The answer to the INVITE's offer, made once: early media and the 200 must not differ (RFC 3261 §13.2.1). */
	#answer: string | null | undefined;
	#cancelTimer: () => void = () => undefined;

	constructor(host: PhoneHost, transaction: ServerTransaction, script: Script) {
		super(host, script);
		this.invite = transaction.request;
		this.#transaction = transaction;
		transaction.onCancel = () => this.#over("peer", 487);
	}

	/** Plays the script from the first ring on. */
	async run(): Promise<void> {
		const { ring = 180, outcome = { type: "answer", afterMs: 0 } } =
			this.script;
		try {
			await this.openMedia();
		} catch (error) {
			this.host.log.error({ error }, "the phone has no RTP port left");
			return this.#refuse(503);
		}
		if (this.state === "ended") return;
		if (ring !== null) this.#ring(ring);
		if (outcome.type === "ignore") return;
		this.#cancelTimer = this.host.clock.after(outcome.afterMs, () =>
			this.#decide(outcome),
		);
	}

	protected giveUp(): void {
		this.#refuse(603);
	}

	#ring(status: number): void {
		const { earlyMedia } = this.script;
		const contact = { Contact: this.host.stack.contact(this.host.user) };
		const body = earlyMedia === undefined ? null : this.#negotiate();
		if (body) {
			this.#transaction.reply(status, {
				headers: { ...contact, ...SDP },
				body,
			});
		} else this.#transaction.reply(status, { headers: contact });
		this.host.ringing(this);
		if (earlyMedia === undefined) return;
		this.play(earlyMedia).catch((error: Error) => {
			this.host.log.warn({ error: error.message }, "no early media");
		});
	}

	#decide(outcome: Exclude<Outcome, { type: "ignore" }>): void {
		if (outcome.type === "answer") {
			this.#accept();
			return;
		}
		const { contact } = outcome;
		this.#refuse(
			outcome.status,
			contact === undefined ? {} : { Contact: `<${contact}>` },
		);
	}

	#accept(): void {
		const offered = this.invite.body !== "";
		const body = offered
			? this.#negotiate()
			: this.media?.sdp.offer("sendrecv");
		if (!body) {
			this.#refuse(488);
			return;
		}
		const transaction = this.#transaction;
		transaction.onAck = (ack) => {
			if (!offered && !this.accept(ack.body)) void this.hangUp();
		};
		// RFC 3261 §13.3.1.4
		transaction.onAckTimeout = () => void this.hangUp();
		const contact = this.host.stack.contact(
			this.host.user,
			transaction.source.transport,
		);
		const answer = transaction.reply(200, {
			headers: { Contact: contact, ...SDP },
			body,
		});
		if (!answer) return;
		const dialog = Dialog.ofCallee(this.invite, answer);
		dialog.pinTo(transaction.source);
		this.established(dialog);
	}

	/** Null where the offer holds nothing that can be spoken, or there is none. */
	#negotiate(): string | null {
		if (this.#answer === undefined) {
			const answer = this.media?.sdp.answer(this.invite.body, false);
			if (answer) this.media?.configure(answer.remote);
			this.#answer = answer?.sdp ?? null;
		}
		return this.#answer;
	}

	#refuse(status: number, headers: Record<string, string> = {}): void {
		if (this.#transaction.reply(status, { headers }))
			this.#over("phone", status);
	}

	#over(by: "phone" | "peer", status: number): void {
		this.#cancelTimer();
		this.finish({ by, status });
	}
}
