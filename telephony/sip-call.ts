import { unlessAborted } from "../core/abort.js";
import type {
	Call,
	ConnectRequest,
	ConnectResult,
	LegEnd,
	PlayOptions,
	PlayResult,
	StopReason,
} from "../core/call.js";
import type { Clock } from "../core/clock.js";
import { DigitQueue } from "../core/digits.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { MediaShare } from "../core/media-share.js";
import type { Sound } from "../core/sounds.js";
import type { Leg, Reached } from "./leg.js";
import type { MediaEndpoint, PlaybackEnd } from "./media-endpoint.js";
import type { Round } from "./party.js";

/** For a recording that hardly comes: FreeSWITCH is gone, or has not begun it. */
const UNLIKELY_MS = 2_000;

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
	readonly #share: MediaShare;
	readonly #clock: Clock;
	readonly #log: Log;
	/** Where what was recorded comes to. */
	#recordsTo: string | null = null;
	#recordingStarted = Promise.resolve(false);
	/** While it records: what the media engine calls it. */
	#recording: string | null = null;
	#hungUp: Promise<void> | null = null;
	#bridgedTo: Leg | null = null;

	constructor(
		leg: Leg,
		connect: Connect,
		{ share, clock, log }: { share: MediaShare; clock: Clock; log: Log },
	) {
		this.#leg = leg;
		this.#connect = connect;
		this.#share = share;
		this.#clock = clock;
		this.#log = log;
		this.digits = new DigitQueue(clock);
		leg.endpoint.onDigit((digit) => this.digits.push(digit));
		leg.onInfoDigit = (digit) => {
			this.digits.push(digit);
			void this.#bridgedTo?.endpoint.sendDigit(digit);
		};
	}

	get over(): AbortSignal {
		return this.#leg.over;
	}

	get rtp() {
		return this.#leg.rtp;
	}

	async play(sound: Sound, options: PlayOptions): Promise<PlayResult> {
		for (let time = 0; time < options.times; time++) {
			if (this.over.aborted) return { outcome: "hangup" };
			if (options.stopOnDigit && !this.digits.isEmpty)
				return { outcome: "interrupted" };
			const end = await this.#playOnce(sound.path, options.stopOnDigit);
			if (this.over.aborted || end === "over") return { outcome: "hangup" };
			if (end === "not_found")
				return {
					outcome: "failed",
					detail: `the media engine cannot open ${sound.path}`,
				};
		}
		return options.stopOnDigit && !this.digits.isEmpty
			? { outcome: "interrupted" }
			: { outcome: "played" };
	}

	async #playOnce(path: string, stopOnDigit: boolean): Promise<PlaybackEnd> {
		const { endpoint } = this.#leg;
		const playing = endpoint.play(this.#share.sound(path));
		const done = new AbortController();
		if (stopOnDigit)
			this.digits
				.pressed(done.signal)
				.then(async () => {
					if (!done.signal.aborted) await endpoint.stopPlaying(playing);
				})
				.catch((error) => {
					this.#log.warn({ err: message(error) }, "a sound is not stopped");
				});
		try {
			// nobody waits for the rest of a sound that nobody hears
			return await unlessAborted(playing, this.over);
		} catch (error) {
			if (this.over.aborted) return "over";
			throw error;
		} finally {
			done.abort();
		}
	}

	async connect(request: ConnectRequest): Promise<ConnectResult> {
		if (this.over.aborted) return { outcome: "hangup" };
		const gaveUp = new AbortController();
		const onOver = () => gaveUp.abort("completed" satisfies StopReason);
		this.over.addEventListener("abort", onOver, { once: true });
		const waiting = new Waiting(this.#leg.endpoint);
		const reached = await this.#connect(
			{ ...request, onEarlyMedia: (from) => waiting.hear(from) },
			gaveUp.signal,
		);
		this.over.removeEventListener("abort", onOver);
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
		if (!isJoined && !(await endpoint.bridge(other.endpoint))) {
			await other.hangUp();
			return this.over.aborted
				? { outcome: "hangup" }
				: { outcome: "failed", reason: "engine_lost" };
		}
		const startedAt = this.#clock.monotonic();
		this.#bridgedTo = other;
		other.onInfoDigit = (digit) => void endpoint.sendDigit(digit);
		request.onBridged();
		const first = await firstOver(this.#leg, other);
		const durationMs = this.#clock.monotonic() - startedAt;
		this.#bridgedTo = null;
		// parted first, so that FreeSWITCH keeps the leg that stays
		if (first === other && !this.over.aborted) await endpoint.unbridge();
		await other.hangUp();
		const { by, ...why } = first.over.reason as LegEnd; // the contract of Leg.over
		const endedBy = by === "engine" ? by : first === other ? "other" : "callee";
		return { outcome: "completed", durationMs, endedBy, ...why };
	}

	async startRecording(path: string): Promise<void> {
		if (this.#hungUp !== null) return;
		const { endpoint } = this.#leg;
		const name = this.#share.recording(path);
		this.#recordsTo = path;
		this.#recordingStarted = endpoint.startRecording(name);
		if (await this.#recordingStarted) {
			this.#recording = name;
			return;
		}
		this.#log.warn("the media engine does not record");
		// it may yet do so where its answer was late: nobody would mask that
		await endpoint.stopRecording(name);
	}

	async keepPrivate(on: boolean): Promise<void> {
		// not by FreeSWITCH's sensitive_dtmf: it would tell nobody of the digits any more (1.10.12, switch_channel.c)
		await (on ? this.#mask() : this.#unmask());
	}

	async #mask(): Promise<void> {
		const { endpoint } = this.#leg;
		const recording = this.#recording;
		if (!recording || (await endpoint.maskRecording(recording, true))) return;
		const stopped = await endpoint.stopRecording(recording);
		// hangUp has closed it meanwhile, or there is nothing more to hear
		if (this.#recording === null || this.over.aborted) return;
		if (!stopped)
			throw new Fault(
				"ENGINE_DOWN",
				"the recording can neither be masked nor stopped, so no sensitive digits are taken",
			);
		this.#recording = null;
		this.#log.warn("the recording cannot be masked: it was stopped");
	}

	async #unmask(): Promise<void> {
		if (this.#recording === null) return;
		if (!(await this.#leg.endpoint.maskRecording(this.#recording, false)))
			this.#log.warn("the recording stays masked");
	}

	hangUp(): Promise<void> {
		this.#hungUp ??= this.#end();
		return this.#hungUp;
	}

	async #end(): Promise<void> {
		const { endpoint } = this.#leg;
		const recording = this.#recording;
		this.#recording = null;
		const stopped = recording && endpoint.stopRecording(recording);
		let isLost = false;
		// nobody stays on the line until it has gone over HTTP
		await this.#leg.hangUp(
			Promise.resolve(stopped).then(() => {
				isLost = endpoint.over.aborted;
			}),
		);
		if (this.#recordsTo === null) return;
		const isRecorded = await this.#recordingStarted.catch(() => false);
		const idleMs = isLost || !isRecorded ? UNLIKELY_MS : undefined;
		await this.#share.arrived(this.#recordsTo, idleMs);
	}
}

/** What a callee hears until somebody answers: our tone, or what the other side has to say (RFC 3960 §3.2). */
class Waiting {
	readonly #endpoint: MediaEndpoint;
	#tone: Promise<unknown> | null;
	#joined: MediaEndpoint | null = null;
	#changed = Promise.resolve();

	constructor(endpoint: MediaEndpoint) {
		this.#endpoint = endpoint;
		this.#tone = endpoint.ringback();
	}

	/** Joins it with the endpoint of somebody who rings; null: back to our tone. */
	hear(from: MediaEndpoint | null): void {
		this.#changed = this.#changed.then(async () => {
			await this.#quiet();
			if (from)
				this.#joined = (await this.#endpoint.bridge(from)) ? from : null;
			else this.#tone = this.#endpoint.ringback();
		});
		this.#changed.catch(() => {}); // awaited at the end
	}

	/** Leaves it in silence, or joined with the one that has answered if it is: then it says so. */
	async end(answered?: MediaEndpoint): Promise<boolean> {
		await this.#changed;
		if (answered && this.#joined === answered) return true;
		await this.#quiet();
		return false;
	}

	async #quiet(): Promise<void> {
		if (this.#joined) await this.#endpoint.unbridge();
		this.#joined = null;
		if (this.#tone !== null) await this.#endpoint.stopPlaying(this.#tone);
		this.#tone = null;
	}
}

function firstOver(...legs: [Leg, Leg]): Promise<Leg> {
	return new Promise((resolve) => {
		for (const leg of legs) {
			if (leg.over.aborted) return resolve(leg);
			leg.over.addEventListener("abort", () => resolve(leg), { once: true });
		}
	});
}
