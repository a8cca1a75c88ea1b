import { EventEmitter } from "node:events";
import { extname } from "node:path";
import { type Clock, systemClock } from "../../core/clock.js";
import { type Log, silentLog } from "../../core/log.js";
import { createMedia } from "../rtp/engine.js";
import type { MediaEngine } from "../rtp/media.js";
import type { SipRequest } from "../sip/message.js";
import { METHODS } from "../sip/screen.js";
import type { ServerTransaction } from "../sip/server-transaction.js";
import { SipStack } from "../sip/stack.js";
import { CallMedia, type Hearing } from "./call-media.js";
import { type Credentials, isAuthorized, newChallenge } from "./digest.js";
import { IncomingCall } from "./incoming-call.js";
import { type CallOptions, OutgoingCall } from "./outgoing-call.js";
import type { CallEnd, PhoneCall, PhoneHost } from "./phone-call.js";
import type { Codec } from "./phone-sdp.js";
import { type RegisterOptions, Registration } from "./registration.js";
import type { Script } from "./script.js";

export interface PhoneOptions {
	/** Address for SIP and RTP. */
	host: string;
	/** SIP over UDP and TCP; 0 = any free one. */
	port: number;
	/** What it does with calls that come in; a function sees the INVITE and the number of the call (1 = first). */
	script?: Script | ((invite: SipRequest, number: number) => Script);
	/** User part of its address; "phone" unless said otherwise. */
	user?: string;
	/** Digest that callers must show; `status` is how they are asked. */
	authenticate?: Credentials & { status: 401 | 407 };
	register?: RegisterOptions;
	/** In order of preference; both unless said otherwise. */
	codecs?: readonly Codec[];
	/** RTP ports; 30000 to 32767 unless said otherwise. */
	ports?: { from: number; to: number };
	clock?: Clock;
	log?: Log;
}

export interface PhoneEvents {
	/** A call comes in. */
	invite: [call: PhoneCall];
	ringing: [call: PhoneCall];
	answered: [call: PhoneCall];
	/** The phone heard a digit. */
	digit: [call: PhoneCall, digit: string];
	/** The call is over and its recording, if any, is whole on disk. */
	ended: [call: PhoneCall, end: CallEnd];
}

const RTP_PORTS = { from: 30_000, to: 32_767 };
const MOST_CALLS = 1000;
/** How long `close` waits for the far ends to confirm that the calls are over. */
const FAREWELL_MS = 500;

/** A scriptable SIP phone for demos and tests; rejects when the port is taken or the registrar refuses. */
export async function startPhone(options: PhoneOptions): Promise<Phone> {
	const { host, port, clock = systemClock, log = silentLog } = options;
	const stack = await SipStack.open({ host, port, clock, log });
	const media = createMedia({
		host,
		ports: options.ports ?? RTP_PORTS,
		maxStreams: MOST_CALLS,
		clock,
		log,
	});
	const registration =
		options.register && new Registration(stack, clock, options.register);
	const phone = new Phone(options, stack, media, registration);
	try {
		await registration?.start();
	} catch (error) {
		await phone.close();
		throw error;
	}
	return phone;
}

export class Phone extends EventEmitter<PhoneEvents> {
	/** Every call, ended ones too, newest last; of very many, the last 1,000. */
	readonly calls: PhoneCall[] = [];
	/** What to call it by. */
	readonly uri: string;
	readonly #options: PhoneOptions;
	readonly #stack: SipStack;
	readonly #media: MediaEngine;
	readonly #registration: Registration | undefined;
	readonly #clock: Clock;
	readonly #host: PhoneHost;
	readonly #challenge = newChallenge();
	#received = 0;
	#recorded = 0;

	constructor(
		options: PhoneOptions,
		stack: SipStack,
		media: MediaEngine,
		registration: Registration | undefined,
	) {
		super();
		const { user = "phone", clock = systemClock, log = silentLog } = options;
		this.#options = options;
		this.#stack = stack;
		this.#media = media;
		this.#registration = registration;
		this.#clock = clock;
		this.uri = stack.contact(user).slice(1, -1);
		this.#host = {
			stack,
			clock,
			log,
			user,
			openMedia: (hearing) => this.#openMedia(hearing),
			ringing: (call) => this.emit("ringing", call),
			answered: (call) => this.emit("answered", call),
			digit: (call, digit) => this.emit("digit", call, digit),
			ended: (call, end) => this.emit("ended", call, end),
		};
		stack.onRequest = (request, transaction) =>
			this.#receive(request, transaction);
	}

	get port(): number {
		return this.#stack.address.port;
	}

	/** Places a call; resolves when the INVITE has gone out. What becomes of it: the call's state, its events and `ended`. */
	async call(uri: string, options: CallOptions = {}): Promise<PhoneCall> {
		const script = this.#ownRecording(options.script ?? {});
		const call = new OutgoingCall(this.#host, uri, { ...options, script });
		await call.run();
		this.#keep(call);
		return call;
	}

	/** Hangs up every call and frees every port. */
	async close(): Promise<void> {
		const live = this.calls.filter(({ state }) => state !== "ended");
		const farewell = [
			...live.map((call) => call.hangUp().then(() => call.ended)),
			this.#registration?.stop().catch(() => undefined),
		];
		let cancel = () => {};
		const patience = new Promise<void>((resolve) => {
			cancel = this.#clock.after(FAREWELL_MS, resolve, true);
		});
		await Promise.race([Promise.all(farewell), patience]);
		cancel();
		await this.#stack.close();
		await this.#media.close();
	}

	#openMedia(hearing: Hearing): Promise<CallMedia> {
		const { host } = this.#stack.address;
		const codecs = this.#options.codecs ?? ["PCMU", "PCMA"];
		return CallMedia.open(this.#media, host, codecs, hearing);
	}

	#receive(request: SipRequest, transaction: ServerTransaction): void {
		if (request.toTag !== "") {
			const call = this.calls.find((one) => one.owns(request));
			if (call) call.receive(request, transaction);
			else transaction.reply(481);
		} else if (request.method === "INVITE") this.#invite(transaction);
		else if (request.method === "OPTIONS") {
			transaction.reply(200, { headers: { Allow: METHODS.join(", ") } });
		} else transaction.reply(405, { headers: { Allow: "INVITE, OPTIONS" } });
	}

	#invite(transaction: ServerTransaction): void {
		if (this.#challenged(transaction)) return;
		this.#received++;
		const { script = {} } = this.#options;
		const chosen =
			typeof script === "function"
				? script(transaction.request, this.#received)
				: script;
		const call = new IncomingCall(
			this.#host,
			transaction,
			this.#ownRecording(chosen),
		);
		this.#keep(call);
		this.emit("invite", call);
		void call.run();
	}

	/** Whether the caller was asked for credentials instead. */
	#challenged(transaction: ServerTransaction): boolean {
		const { request } = transaction;
		const wanted = this.#options.authenticate;
		if (!wanted) return false;
		const proxy = wanted.status === 407;
		const given = request.headers.get(
			proxy ? "proxy-authorization" : "authorization",
		);
		const { nonce, header } = this.#challenge;
		if (given && isAuthorized(given, request.method, nonce, wanted))
			return false;
		const name = proxy ? "Proxy-Authenticate" : "WWW-Authenticate";
		transaction.reply(wanted.status, { headers: { [name]: header } });
		return true;
	}

	/** Each call is recorded to a file of its own. */
	#ownRecording(script: Script): Script {
		if (script.record === undefined) return script;
		this.#recorded++;
		if (this.#recorded === 1) return script;
		const extension = extname(script.record);
		const stem = script.record.slice(
			0,
			script.record.length - extension.length,
		);
		return { ...script, record: `${stem}-${this.#recorded}${extension}` };
	}

	#keep(call: PhoneCall): void {
		this.calls.push(call);
		if (this.calls.length > MOST_CALLS) this.calls.shift();
	}
}
