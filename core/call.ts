import type { RecordAction, RecordingState } from "./control.js";
import type { DigitQueue } from "./digits.js";
import type { Entities } from "./entity.js";
import type { MissedOutcome, Reason } from "./outcome.js";
import type { SipTrace } from "./sip-trace.js";
import type { Sound } from "./sounds.js";

/** Reaches people. One implementation over SIP (`telephony/`), one scripted phone for tests. */
export interface Dialer {
	/** How many calls may be live at once, a connect's second leg not counted. */
	capacity(): number;
	/** Rings `to`; aborting `signal` cancels while it rings (its reason is a `StopReason`). Never throws for what a callee or trunk does. */
	dial(request: DialRequest, signal: AbortSignal): Promise<DialResult>;
}

/** One attempt to reach somebody. */
export interface Ringing {
	/** A voice id, a `sip:` address, or a number. */
	to: string;
	callerId: string;
	/** The callee is not shown it; a trunk learns it all the same (RFC 3325). */
	anonymous: boolean;
	/** SIP headers of the INVITE. */
	headers: Readonly<Record<string, string>>;
	ringTimeoutMs: number;
}

export interface DialRequest extends Ringing {
	callId: string;
	/** Which numbers the account may ring as it is now, for the call and what it connects to; all if left out. */
	numbers?(): Promise<(number: string) => boolean>;
	/** The account's voice ids as they are now, for the call and what it connects to; none if left out. */
	entities?(): Promise<Entities>;
	/** Awaited before the first INVITE leaves, while the media endpoint is made; nothing is sent if it rejects. */
	beforeInvite(): Promise<void>;
	legs: LegKeeper;
	/** Takes the SIP messages of the call and what it connects to. */
	sip?: SipTrace;
	/** The callee's side rings (180 or 183); called once. */
	onRinging(sipStatus: number): void;
}

/** What drachtio-server calls an INVITE that was sent, or is about to be. */
export interface LegName {
	dialogId: string;
	/** By which it is canceled; null until it was sent. */
	transactionId: string | null;
}

/** Remembers what may be up, so that another process can end it. */
export interface LegKeeper {
	/** Durable when it resolves: from now on this leg may be up. Awaited before each INVITE; asked again once its transaction has an id, without waiting. */
	keep(leg: LegName): Promise<void>;
	/** Resolves while the call is ours; rejects once another process has taken it over. Awaited right before each INVITE. */
	held(): Promise<void>;
}

export type DialResult = { outcome: "answered"; call: Call } | Missed;

export interface Missed {
	outcome: MissedOutcome;
	reason: Reason;
	/** The final SIP status, where there was one. */
	sipStatus?: number;
	/** Of its Reason header, where given (ITU-T Q.850). */
	q850Cause?: number;
	/** More, in words. */
	detail?: string;
}

/** Why the service itself ended a leg; the reason of the signals that stop things. */
export type StopReason = Extract<
	Reason,
	| "completed"
	| "stopped"
	| "max_duration"
	| "step_limit"
	| "queue_timeout"
	| "shutdown"
	| "internal_error"
>;

/** How a leg ended. */
export type LegEnd = {
	by: "callee" | "service" | "engine";
	/** Of the BYE's Reason header, where given (Q.850). */
	q850Cause?: number;
};

/** What arrived of a leg's sound, as the media engine has measured it. */
export interface RtpFigures {
	/** Packets. */
	received: number;
	/** Those that did not arrive; null where the engine cannot tell. */
	lost: number | null;
	/** The largest; null where nothing arrived. */
	jitterMs: number | null;
}

/** A leg that was answered. Its methods never throw because of a hang-up: they return the outcome `hangup`. */
export interface Call {
	/** What the callee has pressed so far. */
	readonly digits: DigitQueue;
	/** Aborts when the leg is over, whoever ended it; its `reason` is a LegEnd. */
	readonly over: AbortSignal;
	/** Of its sound; null until it was hung up, and where the engine does not tell. */
	readonly rtp: RtpFigures | null;
	/** Plays a sound `times` times; a pressed digit stops it if `stopOnDigit` (and stays in `digits`). */
	play(sound: Sound, options: PlayOptions): Promise<PlayResult>;
	/** Rings somebody else and joins both; returns when the conversation or the attempt is over. */
	connect(request: ConnectRequest): Promise<ConnectResult>;
	/** Writes both sides to a stereo wav: left what the callee says, right what it hears. */
	startRecording(path: string): Promise<void>;
	/** What becomes of it. */
	readonly recording: RecordingState;
	/** Throws a Fault where that cannot be; what `keepPrivate` masks stays masked. A recording that starts comes to `path`. */
	record(action: RecordAction, path: string): Promise<void>;
	/** While it is on, nobody hears the callee: neither the other party nor the recording. Digits count all the same. */
	mute(on: boolean): Promise<void>;
	/** While it is on, the callee hears a tone, and the other party too: both are parted. */
	hold(on: boolean): Promise<void>;
	/** As RFC 4733 events, or as the leg has agreed to; throws a Fault where nobody is there. Resolves before the last was sent. */
	sendDigits(sent: SentDigits): Promise<void>;
	/**
	 * While it is on, the recording holds silence and the media engine logs no digit. Where a recording cannot be masked it is
	 * stopped; rejects with a Fault if that fails too.
	 */
	keepPrivate(on: boolean): Promise<void>;
	/** Hangs up if the leg is still there, waits until it is down and its recording is closed. Safe to call twice. */
	hangUp(): Promise<void>;
}

export interface PlayOptions {
	times: number;
	stopOnDigit: boolean;
	/** Aborting it ends the sound, as `interrupted`. */
	signal?: AbortSignal;
	/** Somebody asked for it: the flow's own sound waits, and goes on afterwards where it was. */
	isAsked?: boolean;
}

export interface SentDigits {
	/** `0`-`9`, `*`, `#`, `A`-`D`, and `w` or `W` for a pause of half a second or a second. */
	digits: string;
	/** Of each. */
	durationMs: number;
	/** The other party is whom the callee talks to. */
	to: "callee" | "other";
}

export type PlayResult =
	| { outcome: "played" }
	| { outcome: "interrupted" }
	| { outcome: "failed"; detail: string }
	| { outcome: "hangup" };

export interface ConnectRequest extends Ringing {
	/** Both are joined. */
	onBridged(): void;
	/** Aborting it parts them, or cancels the ringing: the other party is hung up and the callee stays. */
	signal?: AbortSignal;
}

export type ConnectResult =
	| {
			outcome: "completed";
			durationMs: number;
			/** Who hung up; after `callee` the flow is over. */
			endedBy: "callee" | "other" | "engine" | "service";
			/** Of the BYE that ended it, where given. */
			q850Cause?: number;
	  }
	| Missed
	/** The callee hung up before the other side answered. */
	| { outcome: "hangup" };
