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
import { Fault } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Sound } from "../core/sounds.js";
import type { Leg, Reached } from "./leg.js";
import type { PlaybackEnd } from "./media-endpoint.js";

const STOP_AGAIN_MS = 100;

/** Rings the other party of a connect. */
type Connect = (
	request: ConnectRequest,
	signal: AbortSignal,
) => Promise<Reached>;

/** The callee's leg, as a flow sees it. */
export class SipCall implements Call {
	readonly digits: DigitQueue;
	readonly #leg: Leg;
	readonly #connect: Connect;
	readonly #clock: Clock;
	readonly #log: Log;
	#recording: string | null = null;
	#bridgedTo: Leg | null = null;

	constructor(leg: Leg, connect: Connect, clock: Clock, log: Log) {
		this.#leg = leg;
		this.#connect = connect;
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
		const done = new AbortController();
		let cancelTimer = () => {};
		const stop = () => {
			if (done.signal.aborted) return;
			void endpoint.stopPlaying();
			// FreeSWITCH forgets a break that comes before the sound has begun
			cancelTimer = this.#clock.after(STOP_AGAIN_MS, stop, true);
		};
		if (stopOnDigit) void this.digits.pressed(done.signal).then(stop);
		try {
			// nobody waits for the rest of a sound that nobody hears
			return await unlessAborted(endpoint.play(path), this.over);
		} catch (error) {
			if (this.over.aborted) return "over";
			throw error;
		} finally {
			cancelTimer();
			done.abort();
		}
	}

	async connect(request: ConnectRequest): Promise<ConnectResult> {
		if (this.over.aborted) return { outcome: "hangup" };
		const gaveUp = new AbortController();
		const onOver = () => gaveUp.abort("completed" satisfies StopReason);
		this.over.addEventListener("abort", onOver, { once: true });
		const ringback = this.#leg.endpoint.ringback();
		const reached = await this.#connect(request, gaveUp.signal);
		this.over.removeEventListener("abort", onOver);
		await this.#leg.endpoint.stopPlaying();
		await ringback;
		if (reached.outcome !== "answered")
			return this.over.aborted ? { outcome: "hangup" } : reached;
		if (this.over.aborted) {
			await reached.leg.hangUp();
			return { outcome: "hangup" };
		}
		return this.#converse(reached.leg, request);
	}

	/** Joins both legs and waits until one of them is over. */
	async #converse(other: Leg, request: ConnectRequest): Promise<ConnectResult> {
		const { endpoint } = this.#leg;
		if (!(await endpoint.bridge(other.endpoint))) {
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
		const { by } = first.over.reason as LegEnd; // the contract of Leg.over
		const endedBy = by === "engine" ? by : first === other ? "other" : "callee";
		return { outcome: "completed", durationMs, endedBy };
	}

	async startRecording(path: string): Promise<void> {
		const { endpoint } = this.#leg;
		if (await endpoint.startRecording(path)) {
			this.#recording = path;
			return;
		}
		this.#log.warn("the media engine does not record");
		// it may yet do so where its answer was late: nobody would mask that
		await endpoint.stopRecording(path);
	}

	async keepPrivate(on: boolean): Promise<void> {
		// not by FreeSWITCH's sensitive_dtmf: it would tell nobody of the digits any more (1.10.12, switch_channel.c)
		await (on ? this.#mask() : this.#unmask());
	}

	async #mask(): Promise<void> {
		const { endpoint } = this.#leg;
		const path = this.#recording;
		if (path === null || (await endpoint.maskRecording(path, true))) return;
		const stopped = await endpoint.stopRecording(path);
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

	async hangUp(): Promise<void> {
		if (this.#recording) {
			const path = this.#recording;
			this.#recording = null;
			await this.#leg.endpoint.stopRecording(path);
		}
		await this.#leg.hangUp();
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
