import type { Clock } from "../../core/clock.js";
import { FRAME_MS } from "./packet.js";

/** Streams are spread over this many turns of each 20 ms, so that no burst delays the last of them. */
export const PHASES = 4;
const STEP_MS = FRAME_MS / PHASES;
/** Timers know whole milliseconds: a turn that is due within this is not waited for again. */
const EARLY_MS = 0.3;
/** A stall up to this long is caught up with; of a longer one the time is left out, since a burst would overrun every far end. */
const CATCH_UP_MS = 100;

/** Calls `run` for each phase every 20 ms at absolute deadlines, so that lateness never adds up. */
export class Pacer {
	readonly #clock: Clock;
	readonly #run: (phase: number) => void;
	readonly #skip: (frames: number) => void;
	#cancel: (() => void) | undefined;
	#dueMs = 0;
	#phase = 0;

	/** `skip` is told of frames that are left out for all phases after a stall. */
	constructor(
		clock: Clock,
		run: (phase: number) => void,
		skip: (frames: number) => void,
	) {
		this.#clock = clock;
		this.#run = run;
		this.#skip = skip;
	}

	start(): void {
		if (this.#cancel) return;
		this.#dueMs = this.#clock.monotonic() + STEP_MS;
		this.#arm();
	}

	stop(): void {
		this.#cancel?.();
		this.#cancel = undefined;
	}

	#arm(): void {
		const delayMs = this.#dueMs - this.#clock.monotonic();
		this.#cancel = this.#clock.after(Math.max(0, delayMs), () => this.#wake());
	}

	#wake(): void {
		const behindMs = this.#clock.monotonic() - this.#dueMs;
		if (behindMs < FRAME_MS) {
			this.#turn();
			return;
		}
		// After a stall the packets that came meanwhile are read first: else they would be late for the frames caught up with.
		const turn = setImmediate(() => this.#turn());
		this.#cancel = () => clearImmediate(turn);
	}

	#turn(): void {
		const nowMs = this.#clock.monotonic();
		const behindMs = nowMs - this.#dueMs;
		if (behindMs > CATCH_UP_MS) {
			const frames = Math.floor(behindMs / FRAME_MS);
			this.#dueMs += frames * FRAME_MS;
			this.#skip(frames);
		}
		while (this.#cancel && this.#dueMs <= nowMs + EARLY_MS) {
			this.#run(this.#phase);
			this.#phase = (this.#phase + 1) % PHASES;
			this.#dueMs += STEP_MS;
		}
		if (this.#cancel) this.#arm();
	}
}
