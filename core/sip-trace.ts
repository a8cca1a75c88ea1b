import { setMaxListeners } from "node:events";
import type { Clock } from "./clock.js";

/** Of an attempt, each of at most so many characters. */
export const MOST_MESSAGES = 200;
export const MOST_CHARACTERS = 4_000;
/** Those after which one is left out where there are more: how a call began and how it ended is what is asked for. */
const FIRST_MESSAGES = 150;
/** More is not even looked at. */
const MOST_READ = 16_000;

/** A SIP message of a leg, without what is secret. */
export interface SipMessage {
	/** When this process saw it, epoch milliseconds. */
	at: number;
	/** The other party is whom a connect rings. */
	leg: "callee" | "other";
	/** `own`: made by the SIP stack itself, where nobody could be reached. */
	direction: "sent" | "received" | "own";
	text: string;
}

/** The SIP messages of one attempt, in order; takes them until it is ended. */
export class SipTrace {
	readonly attempt: number;
	readonly #clock: Clock;
	readonly #messages: SipMessage[] = [];
	readonly #ended = new AbortController();

	constructor(attempt: number, clock: Clock) {
		this.attempt = attempt;
		this.#clock = clock;
		// every leg listens
		setMaxListeners(0, this.ended);
	}

	get messages(): readonly SipMessage[] {
		return this.#messages;
	}

	/** Aborts once no more is taken. */
	get ended(): AbortSignal {
		return this.#ended.signal;
	}

	add(message: Omit<SipMessage, "at">): void {
		if (this.ended.aborted) return;
		if (this.#messages.length === MOST_MESSAGES)
			this.#messages.splice(FIRST_MESSAGES, 1);
		const text = withoutSecrets(message.text);
		this.#messages.push({ ...message, at: this.#clock.now(), text });
	}

	end(): void {
		this.#ended.abort();
	}
}

const CREDENTIALS =
	/^((?:Proxy-)?Authorization[ \t]*:)[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*/gim;
/** Those whose bodies say how sound is to come; an INFO may hold digits. */
const HAS_SDP = /^CSeq[ \t]*:[ \t]*\d+[ \t]+(?:INVITE|ACK|PRACK|UPDATE)\b/im;
const IS_SDP = /^(?:Content-Type|c)[ \t]*:[ \t]*application\/sdp\b/im;
/** SRTP keys (RFC 4568 §9.1, RFC 4567 §3, RFC 4566 §5.12), and ICE's password (RFC 8839 §5.4). */
const INLINE_KEY = /inline:[^\s|;]*/gi;
const KEY_LINE = /^(k=|a=key-mgmt:|a=ice-pwd:)[^\r\n]*/gim;

/** A message as it may be shown: credentials and SRTP keys masked, no body but a session description, and no more than 4,000 characters. */
export function withoutSecrets(message: string): string {
	const text = message.slice(0, MOST_READ);
	const end = text.search(/\r?\n\r?\n/);
	const head = end < 0 ? text : text.slice(0, end);
	const body = end < 0 ? "" : text.slice(end).trimStart();
	const shown = head.replace(CREDENTIALS, "$1 (masked)");
	if (body === "") return `${shown}\r\n\r\n`.slice(0, MOST_CHARACTERS);
	const said =
		HAS_SDP.test(head) && IS_SDP.test(head)
			? body
					.replace(INLINE_KEY, "inline:(masked)")
					.replace(KEY_LINE, "$1(masked)")
			: "(body left out)";
	return `${shown}\r\n\r\n${said}`.slice(0, MOST_CHARACTERS);
}
