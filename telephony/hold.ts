import { type Clock, sleep } from "../core/clock.js";
import { Fault } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Leg } from "./leg.js";
import { HOLD_TONE } from "./media-endpoint.js";
import { ranks, Speaker } from "./speaker.js";

/** Until a tone that was cut short, as by a leg that is just moved, is played again. */
const AGAIN_MS = 200;

/** Parts the callee from whoever and whatever it hears: a tone is played instead, to the other party too. */
export class Hold {
	readonly #leg: Leg;
	readonly #speaker: Speaker;
	readonly #options: { clock: Clock; log: Log };
	/** Whom the callee talks to, or would if it were not on hold. */
	#other: Leg | null = null;
	#held: AbortController | null = null;
	#tones: Promise<unknown> = Promise.resolve();

	constructor(leg: Leg, speaker: Speaker, options: { clock: Clock; log: Log }) {
		this.#leg = leg;
		this.#speaker = speaker;
		this.#options = options;
	}

	get isOn(): boolean {
		return this.#held !== null;
	}

	/** They talk. */
	joined(other: Leg): void {
		this.#other = other;
	}

	/** They talk no more; whether they were on hold. */
	parted(): boolean {
		this.#other = null;
		return this.isOn;
	}

	/** Throws a Fault where they cannot be parted. */
	async set(on: boolean): Promise<void> {
		if (on === this.isOn) return;
		if (on) await this.#begin();
		else await this.#end();
	}

	async #begin(): Promise<void> {
		const other = this.#other;
		const held = new AbortController();
		this.#held = held;
		if (other && !(await this.#leg.endpoint.unbridge())) {
			this.#held = null;
			// it may have parted them all the same
			if (other === this.#other)
				await this.#leg.endpoint.bridge(other.endpoint);
			throw new Fault("ENGINE_DOWN", "the media engine does not part them");
		}
		const tones = [this.#tone(this.#leg, this.#speaker, held.signal)];
		if (other) {
			const speaker = new Speaker(other.endpoint, this.#options);
			tones.push(this.#tone(other, speaker, held.signal));
		}
		this.#tones = Promise.all(tones);
	}

	async #end(): Promise<void> {
		const held = this.#held;
		held?.abort();
		await this.#tones;
		const other = this.#other;
		this.#held = null;
		if (!other || other.over.aborted || this.#leg.over.aborted) return;
		if (!(await this.#leg.endpoint.bridge(other.endpoint)))
			await other.hangUp();
	}

	async #tone(leg: Leg, speaker: Speaker, stop: AbortSignal): Promise<void> {
		while (!stop.aborted && !leg.over.aborted) {
			const end = await speaker.speak({
				...{ name: HOLD_TONE, lengthMs: Number.POSITIVE_INFINITY },
				...{ rank: ranks.hold, stop },
			});
			if (end !== "played") return;
			await sleep(this.#options.clock, AGAIN_MS, stop).catch(() => {});
		}
	}
}
