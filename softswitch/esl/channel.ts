import { randomUUID } from "node:crypto";
import type { MediaStream, Playback, PlayEnd, Source } from "../rtp/media.js";
import { type Digit, DigitQueue } from "./digit.js";
import type { Recording } from "./recording.js";
import { promiseParts, Turn, type TurnOptions } from "./turn.js";
import { Variables } from "./variables.js";

/** Channel-State and its number (switch_types.h: switch_channel_state_t). */
export const channelStates = {
	CS_ROUTING: 2,
	CS_SOFT_EXECUTE: 3,
	CS_EXECUTE: 4,
	CS_PARK: 6,
	CS_HIBERNATE: 8,
	CS_HANGUP: 10,
} as const;
export type ChannelState = keyof typeof channelStates;

/** Channel-Call-State and its number (switch_types.h: switch_channel_callstate_t). */
export const callStates = { RINGING: 2, ACTIVE: 4, HANGUP: 7 } as const;
export type CallState = keyof typeof callStates;

/** The application that the dialplan left the channel in; its CHANNEL_EXECUTE_COMPLETE comes when it ends. */
export interface MainApplication {
	app: "socket" | "park";
	data: string;
	uuid: string;
}

/** What a channel asks of its SIP leg. */
export interface Leg {
	/** Ends the dialog with BYE, once; nothing if the far end did. */
	bye(): void;
	/** Sends one INFO inside the dialog. */
	info(contentType: string, body: string): void;
	/** What uuid_dump and events tell of the far end. */
	readonly sourceAddress: string;
	readonly destinationUser: string;
}

/** Instants in microseconds since 1970, as FreeSWITCH writes them; 0 = not yet. */
export interface ChannelTimes {
	created: number;
	answered: number;
	bridged: number;
	hungUp: number;
	transferred: number;
}

/** Until it is stopped. */
export const SILENCE: Source = { kind: "silence", durationMs: -1 };

/** One call leg: its variables, its digits, and the applications that run on it. */
export class Channel {
	readonly uuid = randomUUID();
	readonly name: string;
	readonly leg: Leg;
	readonly stream: MediaStream;
	readonly variables = new Variables();
	readonly digits = new DigitQueue();
	readonly recordings = new Map<string, Recording>();
	readonly times: ChannelTimes;
	/** Where it is, and where it is sent: events show the name of the one and the number of the other. */
	runningState: ChannelState = "CS_EXECUTE";
	state: ChannelState = "CS_EXECUTE";
	callState: CallState = "ACTIVE";
	/** Set by the hang-up, before anything else notices. */
	hangupCause: string | null = null;
	main: MainApplication | null = null;
	peer: Channel | null = null;
	/** `Channel-Call-UUID`: that of the bridge's first leg while bridged. */
	callUuid: string;
	/** False once its event socket is gone: the channel ends when it is idle (CF_CONTROLLED). */
	isControlled = true;
	/** A bridge or transfer under way: applications wait for it. */
	transition: Promise<void> | null = null;
	/** Digits being sent to the far end, one after the other. */
	sending: Promise<void> = Promise.resolve();
	/** Called once, when the channel is no more; set by its outbound event socket. */
	onEnd: (() => void) | null = null;
	/** Resolves when nothing is left of it. */
	readonly destroyed: Promise<void>;
	readonly #settleDestroyed: () => void;
	/** Below all turns; none while bridged, where the other leg is heard instead. */
	#idleSound: Playback | null;
	readonly #turns: Turn[] = [];
	#depth = 0;
	#isLeaving = false;
	/** uuid_break waits for a turn that heeds it (CF_BREAK). */
	#isBreakDue = false;
	/** …and for the application below as well (CF_STOP_BROADCAST). */
	#isStopping = false;
	#idleWaiters: (() => void)[] = [];
	readonly #commands: (() => void)[] = [];
	readonly #onDequeued: (channel: Channel, digit: Digit) => void;
	readonly #onIdleDigit: (channel: Channel, digit: Digit) => void;
	readonly #onStreamLost: (channel: Channel) => void;

	constructor(options: {
		name: string;
		leg: Leg;
		stream: MediaStream;
		nowMicroseconds: number;
		/** A digit is taken from the queue: the DTMF event is due. */
		onDequeued: (channel: Channel, digit: Digit) => void;
		/** …and no application wanted it. */
		onIdleDigit: (channel: Channel, digit: Digit) => void;
		/** The stream has ended though the channel has not: the RTP part died. */
		onStreamLost: (channel: Channel) => void;
	}) {
		this.name = options.name;
		this.leg = options.leg;
		this.stream = options.stream;
		this.callUuid = this.uuid;
		this.times = {
			created: options.nowMicroseconds,
			answered: options.nowMicroseconds,
			bridged: 0,
			hungUp: 0,
			transferred: 0,
		};
		const { promise, resolve } = promiseParts<void>();
		this.destroyed = promise;
		this.#settleDestroyed = resolve;
		this.#onDequeued = options.onDequeued;
		this.#onIdleDigit = options.onIdleDigit;
		this.#onStreamLost = options.onStreamLost;
		this.#idleSound = this.#playIdle();
	}

	get isDown(): boolean {
		return this.hangupCause !== null;
	}

	/** Bridged to another leg, or alone again. */
	pair(other: Channel | null): void {
		this.peer = other;
		this.#idleSound?.stop();
		this.#idleSound = other || this.isDown ? null : this.#playIdle();
	}

	/** Silence for an application that waits: where none is below it, the leg is silent anyway. */
	hush(): Playback {
		if (this.#depth > 1 || !this.#idleSound) return this.stream.play(SILENCE);
		const { promise, resolve } = promiseParts<PlayEnd>();
		return {
			done: promise,
			stop: () => resolve({ samples: 0, by: "stopped" }),
		};
	}

	/** A parked leg hears silence, not nothing: far ends take missing packets for a dead call (send_silence_when_idle). */
	#playIdle(): Playback {
		const playing = this.stream.play(SILENCE);
		void playing.done.then(({ by }) => {
			if (by === "closed" && !this.isDown) this.#onStreamLost(this);
		});
		return playing;
	}

	/** Applications at work; 0 = parked or bridged. */
	get depth(): number {
		return this.#depth;
	}

	/** Runs a command as soon as the innermost application polls for one: not while it opens a file. */
	whenPolling(run: () => void): void {
		this.#commands.push(run);
		this.#runCommands();
	}

	#runCommands(): void {
		while (this.#isPolling()) {
			const run = this.#commands.shift();
			if (!run) return;
			run();
		}
	}

	#isPolling(): boolean {
		if (this.transition !== null) return false;
		return this.#depth === 0 || this.#current() !== undefined;
	}

	/** The turn of the innermost application, if it is in one. */
	#current(): Turn | undefined {
		const turn = this.#turns.at(-1);
		return turn && turn.depth === this.#depth && !turn.isOver
			? turn
			: undefined;
	}

	applicationBegins(): void {
		this.#depth++;
		this.#isStopping = this.#isBreakDue = false;
	}

	/** The application below notices what happened meanwhile; without one, waiting digits go to nobody. */
	applicationEnds(): void {
		this.#depth--;
		if (this.#isStopping) this.#isBreakDue = true;
		this.notice();
		this.#current()?.resume();
		this.#poll();
		if (this.#depth > 0) return;
		for (const waiter of this.#idleWaiters.splice(0)) waiter();
	}

	/** Resolves when no application is at work. */
	async idle(): Promise<void> {
		if (this.#depth === 0) return;
		const { promise, resolve } = promiseParts<void>();
		this.#idleWaiters.push(() => resolve());
		await promise;
	}

	/** Starts a turn of the innermost application; call `finish` when it has ended. */
	begin(options: TurnOptions): Turn {
		const turn = new Turn(options, this.#depth, () => this.#current());
		this.#turns.push(turn);
		this.notice();
		this.#poll();
		return turn;
	}

	finish(turn: Turn): void {
		const at = this.#turns.indexOf(turn);
		if (at >= 0) this.#turns.splice(at, 1);
	}

	/** What an application looks for in each round: a break, digits, commands. */
	#poll(): void {
		this.#deliverBreak();
		this.serveDigits();
		this.#runCommands();
	}

	/** Ends the innermost turn if the channel is down or sent elsewhere; the others follow when it is theirs. */
	notice(): void {
		if (this.isDown || this.#isLeaving) this.#current()?.end("gone");
	}

	/** uuid_break: ends the sound that is heard and, one by one, the applications below. */
	break(): void {
		this.#isStopping = this.#depth > 0;
		this.#isBreakDue = true;
		this.#deliverBreak();
	}

	#deliverBreak(): void {
		const turn = this.#current();
		if (!this.#isBreakDue || !turn || turn.ignoresBreak) return;
		this.#isBreakDue = false;
		turn.end("break");
	}

	/** Ends every application: the channel is sent elsewhere. */
	leave(leaving: boolean): void {
		this.#isLeaving = leaving;
		this.notice();
		this.#poll();
	}

	/** Frees the media; the last thing that happens to a channel. */
	destroy(): void {
		this.stream.close();
		this.#settleDestroyed();
	}

	pushDigit(digit: Digit): void {
		if (this.isDown) return;
		this.digits.push(digit);
		this.serveDigits();
	}

	/** Gives waiting digits to the innermost application, or to nobody when there is none. */
	serveDigits(): void {
		while (this.digits.size > 0 && !this.isDown && this.#isPolling()) {
			const turn = this.#current();
			if (turn?.onDigit === null) return;
			const digit = this.digits.take();
			if (!digit) return;
			this.#onDequeued(this, digit);
			if (!turn) this.#onIdleDigit(this, digit);
			else if (turn.onDigit?.(digit.digit)) turn.end("break");
		}
	}
}
