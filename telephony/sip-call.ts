import { unlessAborted } from "../core/abort.js";
import type {
	Call,
	ConnectRequest,
	ConnectResult,
	LegEnd,
	PlayOptions,
	PlayResult,
	SentDigits,
	StopReason,
} from "../core/call.js";
import type { Clock } from "../core/clock.js";
import type { RecordAction, RecordingState } from "../core/control.js";
import { DigitQueue } from "../core/digits.js";
import { Fault } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { MediaShare } from "../core/media-share.js";
import type { Sound } from "../core/sounds.js";
import { CallRecording } from "./call-recording.js";
import { Hold } from "./hold.js";
import type { Leg, Reached } from "./leg.js";
import type { PlaybackEnd } from "./media-endpoint.js";
import type { Round } from "./party.js";
import { ranks, Speaker } from "./speaker.js";
import { Waiting } from "./waiting.js";

/** Rings the other party of a connect. */
type Connect = (
	request: ConnectRequest & Pick<Round, "onEarlyMedia">,
	signal: AbortSignal,
) => Promise<Reached>;

/** The callee's leg, as a flow sees it. */
export class SipCall implements Call {
	readonly digits: DigitQueue;
	readonly #leg: Leg;
	readonly #connect: Connect;
	readonly #clock: Clock;
	readonly #share: MediaShare;
	readonly #speaker: Speaker;
	readonly #recording: CallRecording;
	readonly #hold: Hold;
	#hungUp: Promise<void> | null = null;
	/** Until both are joined: a hold in between would part nobody. */
	#isRinging = false;
	#bridgedTo: Leg | null = null;

	constructor(
		leg: Leg,
		connect: Connect,
		{ share, clock, log }: { share: MediaShare; clock: Clock; log: Log },
	) {
		this.#leg = leg;
		this.#connect = connect;
		this.#clock = clock;
		this.#share = share;
		this.#speaker = new Speaker(leg.endpoint, { clock, log });
		this.#recording = new CallRecording(leg.endpoint, { share, log });
		this.#hold = new Hold(leg, this.#speaker, { clock, log });
		this.digits = new DigitQueue(clock);
		leg.endpoint.onDigit((digit) => this.digits.push(digit));
		leg.onInfoDigit = (digit) => {
			this.digits.push(digit);
			if (!this.#hold.isOn) void this.#bridgedTo?.endpoint.sendDigits(digit);
		};
	}

	get over(): AbortSignal {
		return this.#leg.over;
	}

	get rtp() {
		return this.#leg.rtp;
	}

	get recording(): RecordingState {
		return this.#recording.state;
	}

	async play(sound: Sound, options: PlayOptions): Promise<PlayResult> {
		const { signal, stopOnDigit } = options;
		const isStopped = () =>
			signal?.aborted || (stopOnDigit && !this.digits.isEmpty);
		if (this.over.aborted) return { outcome: "hangup" };
		if (isStopped()) return { outcome: "interrupted" };
		const end = await this.#speak(sound, options);
		if (this.over.aborted || end === "over") return { outcome: "hangup" };
		if (end === "not_found")
			return {
				outcome: "failed",
				detail: `the media engine cannot open ${sound.path}`,
			};
		return isStopped() ? { outcome: "interrupted" } : { outcome: "played" };
	}

	async #speak(
		{ path, durationMs }: Sound,
		{ times, stopOnDigit, signal, isAsked }: PlayOptions,
	): Promise<PlaybackEnd> {
		const pressed = new AbortController();
		const done = new AbortController();
		if (stopOnDigit)
			void this.digits.pressed(done.signal).then(() => pressed.abort());
		const speaking = this.#speaker.speak({
			...{ name: this.#share.sound(path), lengthMs: durationMs, times },
			rank: isAsked ? ranks.asked : ranks.flow,
			stop: signal ? AbortSignal.any([signal, pressed.signal]) : pressed.signal,
		});
		try {
			// nobody waits for the rest of a sound that nobody hears
			return await unlessAborted(speaking, this.over);
		} catch (error) {
			if (this.over.aborted) return "over";
			throw error;
		} finally {
			done.abort();
		}
	}

	async connect(request: ConnectRequest): Promise<ConnectResult> {
		if (this.over.aborted) return { outcome: "hangup" };
		this.#isRinging = true;
		try {
			return await this.#ringAndTalk(request);
		} finally {
			this.#isRinging = false;
		}
	}

	async #ringAndTalk(request: ConnectRequest): Promise<ConnectResult> {
		const gaveUp = new AbortController();
		const giveUp = () => gaveUp.abort("completed" satisfies StopReason);
		const ends = [this.over, ...(request.signal ? [request.signal] : [])];
		for (const end of ends) {
			if (end.aborted) giveUp();
			end.addEventListener("abort", giveUp, { once: true });
		}
		const waiting = new Waiting(this.#leg.endpoint, this.#speaker);
		let reached: Reached;
		try {
			reached = await this.#connect(
				{ ...request, onEarlyMedia: (from) => waiting.hear(from) },
				gaveUp.signal,
			);
		} catch (error) {
			await waiting.end();
			throw error;
		} finally {
			for (const end of ends) end.removeEventListener("abort", giveUp);
		}
		if (reached.outcome !== "answered") {
			await waiting.end();
			return this.over.aborted ? { outcome: "hangup" } : reached;
		}
		const isJoined = await waiting.end(reached.leg.endpoint);
		if (this.over.aborted) {
			await reached.leg.hangUp();
			return { outcome: "hangup" };
		}
		return this.#converse(reached.leg, isJoined, request);
	}

	/** Joins both legs and waits until one of them is over. */
	async #converse(
		other: Leg,
		isJoined: boolean,
		request: ConnectRequest,
	): Promise<ConnectResult> {
		const { endpoint } = this.#leg;
		const canTalk = isJoined || (await endpoint.bridge(other.endpoint));
		// who hung up at once has answered all the same
		if (!canTalk && !other.over.aborted) {
			await other.hangUp();
			return this.over.aborted
				? { outcome: "hangup" }
				: { outcome: "failed", reason: "engine_lost" };
		}
		const startedAt = this.#clock.monotonic();
		this.#bridgedTo = other;
		this.#hold.joined(other);
		this.#isRinging = false;
		other.onInfoDigit = (digit) => {
			if (!this.#hold.isOn) void endpoint.sendDigits(digit);
		};
		request.onBridged();
		const first = await firstOver(this.#leg, other, request.signal);
		const durationMs = this.#clock.monotonic() - startedAt;
		this.#bridgedTo = null;
		const isHeld = this.#hold.parted();
		// parted first, so that FreeSWITCH keeps the leg that stays
		if (first !== this.#leg && !this.over.aborted && !isHeld)
			await endpoint.unbridge();
		await other.hangUp();
		if (first === null)
			return { outcome: "completed", durationMs, endedBy: "service" };
		const { by, ...why } = first.over.reason as LegEnd; // the contract of Leg.over
		const endedBy = by === "engine" ? by : first === other ? "other" : "callee";
		return { outcome: "completed", durationMs, endedBy, ...why };
	}

	async mute(on: boolean): Promise<void> {
		if (!(await this.#leg.endpoint.mute(on))) throw engineRefuses();
	}

	async hold(on: boolean): Promise<void> {
		if (this.#isRinging)
			throw new Fault(
				"CONTROL_REFUSED",
				"the other party is being rung: ask again once they talk",
			);
		await this.#hold.set(on);
	}

	async sendDigits({ digits, durationMs, to }: SentDigits): Promise<void> {
		const leg = to === "callee" ? this.#leg : this.#bridgedTo;
		if (!leg)
			throw new Fault(
				"CONTROL_REFUSED",
				"there is no other party now: send them to the callee, or ask again during a conversation",
			);
		if (!(await leg.endpoint.sendDigits(digits, durationMs)))
			throw engineRefuses();
	}

	async startRecording(path: string): Promise<void> {
		if (this.#hungUp === null) await this.#recording.start(path);
	}

	async record(action: RecordAction, path: string): Promise<void> {
		if (this.#hungUp === null) await this.#recording.act(action, path);
	}

	async keepPrivate(on: boolean): Promise<void> {
		// not by FreeSWITCH's sensitive_dtmf: it would tell nobody of the digits any more (1.10.12, switch_channel.c)
		await this.#recording.keepPrivate(on, () => this.over.aborted);
	}

	hangUp(): Promise<void> {
		this.#hungUp ??= this.#end();
		return this.#hungUp;
	}

	async #end(): Promise<void> {
		const { endpoint } = this.#leg;
		const stopped = this.#recording.close();
		let isLost = false;
		// nobody stays on the line until it has gone over HTTP
		await this.#leg.hangUp(
			Promise.resolve(stopped).then(() => {
				isLost = endpoint.over.aborted;
			}),
		);
		await this.#recording.arrived(isLost);
	}
}

const engineRefuses = () =>
	new Fault("ENGINE_DOWN", "the media engine does not do as asked");

/** Null: the signal aborted first. */
function firstOver(
	leg: Leg,
	other: Leg,
	signal: AbortSignal | undefined,
): Promise<Leg | null> {
	return new Promise((resolve) => {
		const when = (over: AbortSignal, which: Leg | null) => {
			if (over.aborted) return resolve(which);
			over.addEventListener("abort", () => resolve(which), { once: true });
		};
		when(leg.over, leg);
		when(other.over, other);
		if (signal) when(signal, null);
	});
}
