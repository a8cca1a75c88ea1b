import type { MediaEngine, MediaStream } from "../rtp/media.js";
import { Dialog } from "../sip/dialog.js";
import {
	responseTo,
	type SipRequest,
	type SipResponse,
} from "../sip/message.js";
import type { ServerTransaction } from "../sip/server-transaction.js";
import type { SipStack } from "../sip/stack.js";
import { Channel } from "./channel.js";
import { runDialplan } from "./dialplan.js";
import type { DigitSource } from "./digit.js";
import { type Engine, microseconds, publish } from "./engine.js";
import { hangup } from "./hangup.js";
import { idleDigit } from "./idle-digit.js";
import { inviteVariables } from "./invite-variables.js";
import { type OutboundAddress, parseOutbound } from "./outbound.js";
import { ALLOW, SofiaCall, withSdp } from "./sofia-call.js";
import { SofiaLeg } from "./sofia-leg.js";
import { SofiaMedia } from "./sofia-media.js";
import { PROFILE, SWITCH_VERSION } from "./status.js";

const USER_AGENT = `FreeSWITCH-mod_sofia/${SWITCH_VERSION}`;
/** Full for now: drachtio-srf hands the status on (RFC 3261 §21.5.4). */
const RETRY_AFTER_S = "5";

/** The profile `drachtio_mrf` and its dialplan: answers each INVITE of drachtio-fsmrf and hands the channel to its event socket. */
export class Sofia {
	readonly #engine: Engine;
	readonly #stack: SipStack;
	readonly #media: MediaEngine;
	/** What SDP names as the address of the media. */
	readonly #mediaAddress: string;
	readonly #calls = new Map<string, SofiaCall>();
	/** INVITEs whose stream is being opened. */
	#opening = 0;

	constructor(
		engine: Engine,
		stack: SipStack,
		media: MediaEngine,
		mediaAddress: string,
	) {
		this.#engine = engine;
		this.#stack = stack;
		this.#media = media;
		this.#mediaAddress = mediaAddress;
		stack.onRequest = (request, transaction) =>
			this.#receive(request, transaction);
	}

	#receive(request: SipRequest, transaction: ServerTransaction): void {
		const { method, callId, toTag } = request;
		if (!isLoopback(transaction.source.host)) transaction.reply(403);
		else if (toTag !== "") {
			const call = this.#calls.get(dialogKey(callId, toTag));
			if (call) call.receive(request, transaction, this.#ok);
			else transaction.reply(481);
		} else if (method === "INVITE")
			this.#invite(request, transaction).catch((error: unknown) => {
				this.#engine.log.error({ error }, "an INVITE could not be answered");
				transaction.reply(500);
			});
		else {
			const status = method === "OPTIONS" ? 200 : 405;
			transaction.reply(status, { headers: { Allow: ALLOW } });
		}
	}

	async #invite(
		request: SipRequest,
		transaction: ServerTransaction,
	): Promise<void> {
		const isOurs = /^drachtio-fsmrf:.+$/.test(
			request.headers.get("user-agent") ?? "",
		);
		const outbound = parseOutbound(request.headers.get("x-esl-outbound"));
		if (!isOurs || !outbound) {
			// No extension of the dialplan matches.
			transaction.reply(404);
			return;
		}
		const live = this.#engine.channels.size + this.#opening;
		const stream =
			live < this.#engine.maxEndpoints ? await this.#openStream() : null;
		if (!stream) {
			transaction.reply(503, { headers: { "Retry-After": RETRY_AFTER_S } });
			return;
		}
		if (transaction.answered) stream.stream.close();
		else this.#answer(request, transaction, stream, outbound);
	}

	async #openStream(): Promise<OpenStream | null> {
		this.#opening++;
		const digits = new DigitPort();
		try {
			const stream = await this.#media.open({
				onDigit: (digit, duration, by) => digits.push(digit, duration, by),
			});
			return { stream, digits };
		} catch (error) {
			this.#engine.log.warn({ error }, "no RTP port");
			return null;
		} finally {
			this.#opening--;
		}
	}

	#answer(
		request: SipRequest,
		transaction: ServerTransaction,
		{ stream, digits }: OpenStream,
		outbound: OutboundAddress,
	): void {
		const engine = this.#engine;
		const answer = this.#ok(request, transaction);
		const leg = new SofiaLeg(
			this.#stack,
			Dialog.ofCallee(request, answer),
			engine.log,
			{
				sourceAddress: transaction.source.host,
				destinationUser: userOf(request.uri),
			},
		);
		const channel = this.#channel(request, leg, stream);
		digits.channel = channel;
		inviteVariables(channel, request, transaction.source, this.#stack.address);
		const session = Math.floor(engine.clock.now() / 1000);
		const media = new SofiaMedia(this.#mediaAddress, stream, session);
		const call = new SofiaCall(engine, { channel, leg, media });
		const sdp = call.negotiate(request, transaction, () =>
			runDialplan(engine, channel, outbound),
		);
		if (sdp === null) {
			stream.close();
			transaction.reply(488);
		} else {
			this.#admit(call);
			transaction.respond(withSdp(answer, sdp));
		}
	}

	#channel(request: SipRequest, leg: SofiaLeg, stream: MediaStream): Channel {
		const engine = this.#engine;
		const { host, port } = this.#stack.address;
		return new Channel({
			name: `sofia/${PROFILE}/${userOf(request.headers.get("from") ?? "") || "nobody"}@${host}:${port}`,
			leg,
			stream,
			nowMicroseconds: microseconds(engine),
			onDequeued: (channel, { digit, duration, source }) =>
				publish(engine, channel, "DTMF", {
					"DTMF-Digit": digit,
					"DTMF-Duration": String(duration),
					"DTMF-Source": source,
				}),
			onIdleDigit: (channel, digit) => idleDigit(engine, channel, digit),
			onStreamLost: (channel) =>
				hangup(engine, channel, "DESTINATION_OUT_OF_ORDER"),
		});
	}

	#admit(call: SofiaCall): void {
		const { channel, leg } = call;
		const { channels, counters } = this.#engine;
		const { callId, localTag } = leg.dialog;
		const key = dialogKey(callId, localTag);
		this.#calls.set(key, call);
		void channel.destroyed.then(() => this.#calls.delete(key));
		channels.set(channel.uuid, channel);
		counters.sessions++;
		counters.peak = Math.max(counters.peak, channels.size);
		channel.variables.note("session_id", counters.sessions);
		channel.variables.note("sip_to_tag", localTag);
		channel.variables.note("endpoint_disposition", "ANSWER");
		publish(this.#engine, channel, "CHANNEL_CREATE");
		publish(this.#engine, channel, "CHANNEL_ANSWER");
	}

	readonly #ok = (
		request: SipRequest,
		transaction: ServerTransaction,
	): SipResponse => {
		const user = userOf(request.uri) || undefined;
		const { transport } = transaction.source;
		return responseTo(request, 200, transaction.localTag).with({
			headers: {
				Contact: this.#stack.contact(user, transport),
				"User-Agent": USER_AGENT,
				Allow: ALLOW,
			},
		});
	};
}

interface OpenStream {
	stream: MediaStream;
	digits: DigitPort;
}

/** Digits of a stream whose channel comes into being after it. */
class DigitPort {
	channel: Channel | null = null;

	push(digit: string, duration: number, source: DigitSource): void {
		this.channel?.pushDigit({ digit, duration, source });
	}
}

function dialogKey(callId: string, tag: string): string {
	return `${callId}\n${tag}`;
}

function userOf(value: string): string {
	return /sips?:([^@>;]*)@/.exec(value)?.[1] ?? "";
}

function isLoopback(host: string): boolean {
	return host === "::1" || /^(?:::ffff:)?127\./.test(host);
}
