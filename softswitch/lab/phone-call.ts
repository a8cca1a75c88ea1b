import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { StreamStats } from "../rtp/media.js";
import type { Dialog } from "../sip/dialog.js";
import type { SipRequest } from "../sip/message.js";
import type { ServerTransaction } from "../sip/server-transaction.js";
import type { SipStack } from "../sip/stack.js";
import type { CallMedia, Hearing } from "./call-media.js";
import type { Action, Script, Sound } from "./script.js";
import { ScriptRunner } from "./script-runner.js";

export interface CallEnd {
	/** Who ended it. */
	by: "phone" | "peer";
	/** The INVITE's final status where the call was never answered (487 = cancelled), else null. */
	status: number | null;
}

/** What a call needs of its phone. */
export interface PhoneHost {
	readonly stack: SipStack;
	readonly clock: Clock;
	readonly log: Log;
	readonly user: string;
	openMedia(hearing: Hearing): Promise<CallMedia>;
	ringing(call: PhoneCall): void;
	answered(call: PhoneCall): void;
	digit(call: PhoneCall, digit: string): void;
	ended(call: PhoneCall, end: CallEnd): void;
}

const SDP = { "Content-Type": "application/sdp" };
/** RFC 3261 §14.1: both sides get 491 when their re-INVITEs cross, and the callee tries again first. */
const GLARE_MS = { in: 250, out: 1000 };
const GLARE_TRIES = 4;

/** One call of a lab phone, in or out: what both have in common once it is answered. */
export abstract class PhoneCall {
	state: "ringing" | "answered" | "ended" = "ringing";
	/** Whether it was answered at some time. */
	answered = false;
	/** Digits the phone heard, RTP and SIP INFO. */
	digits = "";
	/** Resolves when the call is over and its recording is whole on disk. */
	readonly ended: Promise<CallEnd>;
	abstract readonly direction: "in" | "out";
	/** As received or sent, for who wants to look at its headers. */
	abstract readonly invite: SipRequest;
	protected readonly host: PhoneHost;
	protected readonly script: Script;
	protected media: CallMedia | undefined;
	#end: (end: CallEnd) => void = () => undefined;
	#dialog: Dialog | undefined;
	#runner: ScriptRunner;
	#held = false;
	#offering = false;

	constructor(host: PhoneHost, script: Script) {
		this.host = host;
		this.script = script;
		this.ended = new Promise((resolve) => {
			this.#end = resolve;
		});
		this.#runner = new ScriptRunner(
			host.clock,
			script.actions ?? [],
			(action) => this.#perform(action),
		);
	}

	get id(): string {
		return this.invite.callId;
	}

	/** Gives up before there is an answer. */
	protected abstract giveUp(): void;

	/** Presses keys; resolves when the last one is released. `by` info sends SIP INFO (application/dtmf-relay). */
	async press(
		digits: string,
		by: "rtp" | "info" = "rtp",
		durationMs = 100,
	): Promise<void> {
		if (by === "rtp") return this.#opened().press(digits, durationMs);
		for (const digit of digits) {
			await this.#request("INFO", {
				headers: { "Content-Type": "application/dtmf-relay" },
				body: `Signal=${digit}\r\nDuration=${durationMs}\r\n`,
			});
		}
	}

	/** Plays in place of what plays now; resolves when it ends. */
	play(sound: Sound): Promise<void> {
		return this.#opened().play(sound);
	}

	/** Offers a=sendonly and listens no more. */
	async hold(): Promise<void> {
		this.#held = true;
		await this.#offerAgain();
	}

	async resume(): Promise<void> {
		this.#held = false;
		await this.#offerAgain();
	}

	/** BYE, or before the answer CANCEL or 603; resolves when the far end has confirmed it, or nothing came of it. */
	async hangUp(): Promise<void> {
		if (this.state === "ringing") this.giveUp();
		else if (this.state === "answered") {
			const confirmed = this.#request("BYE");
			this.finish({ by: "phone", status: null });
			await confirmed.catch(() => undefined);
		}
	}

	stats(): Promise<StreamStats> {
		return this.#opened().stream.stats();
	}

	/** Whether a request belongs to this call's dialog. */
	owns(request: SipRequest): boolean {
		return (
			request.callId === this.id && request.toTag === this.#dialog?.localTag
		);
	}

	/** A request within the dialog. */
	receive(request: SipRequest, transaction: ServerTransaction): void {
		if (this.state === "ended") transaction.reply(481);
		else if (!this.#dialog?.accepts(request)) transaction.reply(500);
		else if (request.method === "BYE") {
			transaction.reply(200);
			this.finish({ by: "peer", status: null });
		} else if (request.method === "INVITE" || request.method === "UPDATE") {
			this.#renegotiate(request, transaction);
		} else if (request.method === "INFO") {
			transaction.reply(200);
			const digit = /^(?:Signal\s*=\s*)?([0-9*#A-D])\s*$/im.exec(
				request.body,
			)?.[1];
			if (digit !== undefined) this.#heard(digit);
		} else transaction.reply(request.method === "OPTIONS" ? 200 : 501);
	}

	protected async openMedia(): Promise<CallMedia> {
		const media = await this.host.openMedia({
			onDigit: (digit) => this.#heard(digit),
			onSound: (on) => this.#runner.happened(on ? "sound" : "silence"),
		});
		if (this.state === "ended") await media.close();
		this.media = media;
		return media;
	}

	/** The call is answered: the script's actions begin. */
	protected established(dialog: Dialog): void {
		this.#dialog = dialog;
		this.state = "answered";
		this.answered = true;
		this.media?.stopPlaying();
		if (this.script.record) this.media?.record(this.script.record);
		this.host.answered(this);
		this.#runner.happened("answer");
	}

	/** Once: frees everything, then tells that it is over. */
	protected finish(end: CallEnd): void {
		if (this.state === "ended") return;
		this.state = "ended";
		this.#runner.stop();
		const closed = this.media?.close() ?? Promise.resolve();
		closed
			.catch((error: Error) => {
				this.host.log.error({ error: error.message }, "the recording failed");
			})
			.then(() => {
				this.#end(end);
				this.host.ended(this, end);
			});
	}

	#heard(digit: string): void {
		this.digits += digit;
		this.host.digit(this, digit);
	}

	#perform(action: Action): void {
		this.#act(action).catch((error: Error) => {
			this.host.log.warn(
				{ action: action.type, error: error.message },
				"the phone could not do what its script says",
			);
		});
	}

	#act(action: Action): Promise<void> {
		switch (action.type) {
			case "press":
				return this.press(action.digits, action.by, action.durationMs);
			case "play":
				return this.play(action.sound);
			case "hold":
				return this.hold();
			case "resume":
				return this.resume();
			case "hang-up":
				return this.hangUp();
		}
	}

	#opened(): CallMedia {
		if (!this.media) throw new Error("the call has no sound yet");
		return this.media;
	}

	#renegotiate(request: SipRequest, transaction: ServerTransaction): void {
		const { sdp } = this.#opened();
		const headers = { Contact: this.#dialog?.contact ?? "", ...SDP };
		if (this.#offering) transaction.reply(491);
		else if (request.body) {
			const answer = sdp.answer(request.body, this.#held);
			if (!answer) return void transaction.reply(488);
			this.media?.configure(answer.remote);
			transaction.reply(200, { headers, body: answer.sdp });
		} else if (request.method === "INVITE") {
			transaction.onAck = (ack) => this.accept(ack.body);
			const body = sdp.offer(this.#direction);
			transaction.reply(200, { headers, body });
		} else transaction.reply(200);
	}

	get #direction(): "sendonly" | "sendrecv" {
		return this.#held ? "sendonly" : "sendrecv";
	}

	/** Takes the answer to an offer of ours; false where it holds nothing that can be spoken. */
	protected accept(answer: string): boolean {
		const remote = this.media?.sdp.accept(answer, this.#held);
		if (remote) this.media?.configure(remote);
		return remote != null;
	}

	async #offerAgain(): Promise<void> {
		const body = this.#opened().sdp.offer(this.#direction);
		this.accept(await this.#request("INVITE", { headers: SDP, body }));
	}

	/** Sends a request within the dialog; resolves with the body of its 2xx, rejects with the status otherwise. */
	#request(
		method: string,
		content: { headers?: Record<string, string>; body?: string } = {},
		tries = GLARE_TRIES,
	): Promise<string> {
		const dialog = this.#dialog;
		const to = dialog?.nextHop();
		if (!dialog || !to || this.state === "ended") {
			return Promise.reject(new Error(`${method}: the call is not up`));
		}
		return new Promise((resolve, reject) => {
			const request = dialog.request(method, content);
			if (method === "INVITE") this.#offering = true;
			const sent = this.host.stack.request(request, to, (response) => {
				if (response.status < 200) return;
				if (method === "INVITE") this.#offering = false;
				if (response.status < 300) {
					dialog.refresh(response);
					if (method === "INVITE")
						sent.ack(dialog.ack(request.cseq.number), to);
					resolve(response.body);
				} else if (response.status === 491 && tries > 1) {
					this.host.clock.after(GLARE_MS[this.direction], () => {
						this.#request(method, content, tries - 1).then(resolve, reject);
					});
				} else reject(new Error(`${method} got ${response.status}`));
			});
		});
	}
}
