import type {
	Call,
	ConnectRequest,
	ConnectResult,
	Dialer,
	DialRequest,
	DialResult,
	LegEnd,
	Missed,
	PlayOptions,
	PlayResult,
	RtpFigures,
	SentDigits,
	StopReason,
} from "../../core/call.js";
import { type Clock, sleep } from "../../core/clock.js";
import type { RecordAction } from "../../core/control.js";
import { DigitQueue } from "../../core/digits.js";
import { Fault } from "../../core/fault.js";
import type { Sound } from "../../core/sounds.js";
import { JumpingClock } from "./jumping-clock.js";

/** What the callee of a scripted call does. Times count from the answer. */
export interface Script {
	clock?: Clock;
	/** A string is pressed from 500 ms on, a key each 100 ms. */
	presses?: string | readonly { atMs: number; digits: string }[];
	hangsUpAfterMs?: number;
	/** What becomes of each connect in turn; those beyond the list are a minute's talk. */
	connects?: readonly ScriptedConnect[];
	/** Playing fails, with these words. */
	playFails?: string;
	/** The recording can neither be masked nor stopped. */
	cannotMask?: boolean;
}

export type ScriptedConnect =
	| { talksMs: number; endedBy: "callee" | "other" | "engine" }
	| Missed;

export interface ScriptedCall extends Call {
	/** What was done to the leg, in order. */
	readonly did: readonly string[];
	/** Ends the leg now. */
	end(leg: LegEnd): void;
}

const FIRST_KEY_MS = 500;
const NEXT_KEY_MS = 100;
const RING_MS = 1_000;

/** The one scripted phone: an answered leg whose callee keeps to a script. */
export function scriptedCall(script: Script = {}): ScriptedCall {
	return new Scripted(script);
}

export interface DialScript extends Script {
	/** How ringing ends, after a second; `answered` if left out. */
	rings?: Missed;
	capacity?: number;
}

/** A dialer all of whose callees keep to one script; `calls` are those that were answered. */
export function scriptedDialer(
	script: DialScript = {},
): Dialer & { calls: ScriptedCall[]; requests: DialRequest[] } {
	const clock = script.clock ?? new JumpingClock();
	const calls: ScriptedCall[] = [];
	const requests: DialRequest[] = [];
	return {
		calls,
		requests,
		capacity: () => script.capacity ?? 100,
		async dial(request, signal): Promise<DialResult> {
			requests.push(request);
			await request.beforeInvite();
			request.onRinging(180);
			const rung = await ring(clock, request.ringTimeoutMs, signal);
			if (rung === "stopped")
				// core/call.ts: the reason of this signal is a StopReason.
				return { outcome: "canceled", reason: signal.reason as StopReason };
			if (rung === "timeout")
				return { outcome: "no_answer", reason: "ring_timeout" };
			if (script.rings) return script.rings;
			const call = scriptedCall({ ...script, clock });
			calls.push(call);
			return { outcome: "answered", call };
		},
	};
}

async function ring(
	clock: Clock,
	timeoutMs: number,
	signal: AbortSignal,
): Promise<"done" | "timeout" | "stopped"> {
	try {
		await sleep(clock, Math.min(RING_MS, timeoutMs), signal);
	} catch {
		return "stopped";
	}
	return timeoutMs < RING_MS ? "timeout" : "done";
}

class Scripted implements ScriptedCall {
	readonly digits: DigitQueue;
	readonly recording = "off";
	readonly did: string[] = [];
	readonly #clock: Clock;
	readonly #end = new AbortController();
	readonly #connects: ScriptedConnect[];
	readonly #playFails: string | undefined;
	readonly #cannotMask: boolean;

	constructor(script: Script) {
		this.#clock = script.clock ?? new JumpingClock();
		this.digits = new DigitQueue(this.#clock);
		this.#connects = [...(script.connects ?? [])];
		this.#playFails = script.playFails;
		this.#cannotMask = script.cannotMask === true;
		const { presses = "", hangsUpAfterMs } = script;
		for (const { atMs, digit } of keys(presses))
			this.#at(atMs, () => this.digits.push(digit));
		if (hangsUpAfterMs !== undefined)
			this.#at(hangsUpAfterMs, () => this.end({ by: "callee" }));
	}

	get over(): AbortSignal {
		return this.#end.signal;
	}

	/** As a phone on the same machine is heard, once it was hung up. */
	get rtp(): RtpFigures | null {
		return this.did.includes("hang up")
			? { received: 100, lost: 0, jitterMs: 0.5 }
			: null;
	}

	end(leg: LegEnd): void {
		if (!this.over.aborted) this.#end.abort(leg);
	}

	async play(sound: Sound, options: PlayOptions): Promise<PlayResult> {
		this.did.push(`play ${sound.path} x${options.times}`);
		if (this.over.aborted) return { outcome: "hangup" };
		if (this.#playFails !== undefined)
			return { outcome: "failed", detail: this.#playFails };
		const stop = new AbortController();
		const ends: Promise<PlayResult["outcome"]>[] = [
			this.#wait(sound.durationMs * options.times, stop.signal).then((ended) =>
				ended ? "played" : "hangup",
			),
		];
		const { signal } = options;
		if (signal)
			ends.push(
				new Promise((resolve) => {
					const end = () =>
						resolve(this.over.aborted ? "hangup" : "interrupted");
					if (signal.aborted) end();
					signal.addEventListener("abort", end, { once: true });
				}),
			);
		if (options.stopOnDigit)
			ends.push(this.digits.pressed(stop.signal).then(() => "interrupted"));
		const outcome = await Promise.race(ends);
		stop.abort();
		return outcome === "failed" ? { outcome, detail: "" } : { outcome };
	}

	async connect(request: ConnectRequest): Promise<ConnectResult> {
		this.did.push(`connect ${request.to} as ${request.callerId}`);
		const script = this.#connects.shift() ?? {
			talksMs: 60_000,
			endedBy: "other",
		};
		const rung = await ring(this.#clock, request.ringTimeoutMs, this.over);
		if (rung === "stopped") return { outcome: "hangup" };
		if (rung === "timeout")
			return { outcome: "no_answer", reason: "ring_timeout" };
		if ("outcome" in script) return script;
		const startedAt = this.#clock.monotonic();
		request.onBridged();
		const stayed = await this.#wait(script.talksMs);
		const endedBy = stayed ? script.endedBy : "callee";
		if (endedBy === "callee") this.end({ by: "callee" });
		const durationMs = this.#clock.monotonic() - startedAt;
		return { outcome: "completed", durationMs, endedBy };
	}

	async startRecording(path: string): Promise<void> {
		this.did.push(`record ${path}`);
	}

	async record(action: RecordAction): Promise<void> {
		this.did.push(`record: ${action}`);
	}

	async mute(on: boolean): Promise<void> {
		this.did.push(on ? "mute" : "unmute");
	}

	async hold(on: boolean): Promise<void> {
		this.did.push(on ? "hold" : "unhold");
	}

	async sendDigits({ digits, to }: SentDigits): Promise<void> {
		this.did.push(`send ${digits} to ${to}`);
	}

	async keepPrivate(on: boolean): Promise<void> {
		if (this.#cannotMask) throw new Fault("ENGINE_DOWN", "cannot be masked");
		this.did.push(on ? "keep private" : "no longer private");
	}

	async hangUp(): Promise<void> {
		this.did.push("hang up");
		this.end({ by: "service" });
	}

	/** Resolves after the time, false if the leg ended first; never after `stop` aborts. */
	#wait(delayMs: number, stop?: AbortSignal): Promise<boolean> {
		const signals = stop ? [this.over, stop] : [this.over];
		return sleep(this.#clock, delayMs, AbortSignal.any(signals)).then(
			() => true,
			() => (stop?.aborted ? new Promise<boolean>(() => {}) : false),
		);
	}

	#at(delayMs: number, run: () => void): void {
		const cancel = this.#clock.after(delayMs, run, true);
		this.over.addEventListener("abort", cancel, { once: true });
	}
}

function keys(presses: NonNullable<Script["presses"]>) {
	const timed =
		typeof presses === "string"
			? [{ atMs: FIRST_KEY_MS, digits: presses }]
			: presses;
	return timed.flatMap(({ atMs, digits }) =>
		[...digits].map((digit, index) => ({
			atMs: atMs + index * NEXT_KEY_MS,
			digit,
		})),
	);
}
