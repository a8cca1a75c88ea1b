import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { MediaEndpoint, PlaybackEnd } from "./media-endpoint.js";

/** Who is heard where several want to be: the highest. */
export const ranks = { flow: 0, asked: 1, hold: 2 } as const;

export interface Spoken {
	/** What the media engine plays. */
	name: string;
	lengthMs: number;
	/** Nothing of the same rank is heard in between. Once if left out. */
	times?: number;
	rank: number;
	/** Aborting it ends the sound. */
	stop: AbortSignal;
}

/** What ends so much before its time was cut short, as by a leg that is joined or parted. */
const CUT_MS = 200;
/** How often one that is cut short at once begins again: its file may hold less than it says. */
const MOST_IN_VAIN = 3;

interface Voice {
	rank: number;
	playing: Promise<PlaybackEnd> | null;
	gaveWay: boolean;
	/** It may be its turn. */
	wake(): void;
}

/** The sounds of one leg, one at a time: one that gives way to a higher rank, or is cut short, goes on afterwards where it was. */
export class Speaker {
	readonly #endpoint: MediaEndpoint;
	readonly #clock: Clock;
	readonly #log: Log;
	/** In the order in which they came. */
	readonly #voices: Voice[] = [];

	constructor(
		endpoint: MediaEndpoint,
		{ clock, log }: { clock: Clock; log: Log },
	) {
		this.#endpoint = endpoint;
		this.#clock = clock;
		this.#log = log;
	}

	/** Resolves when the sound was heard to its end, or stopped. */
	async speak(spoken: Spoken): Promise<PlaybackEnd> {
		const { rank, stop } = spoken;
		const voice: Voice = { rank, playing: null, gaveWay: false, wake() {} };
		this.#voices.push(voice);
		const onStop = () => {
			if (voice.playing !== null) this.#stop(voice.playing);
			voice.wake();
		};
		stop.addEventListener("abort", onStop, { once: true });
		try {
			return await this.#rounds(voice, spoken);
		} finally {
			stop.removeEventListener("abort", onStop);
			this.#voices.splice(this.#voices.indexOf(voice), 1);
			this.#tell();
		}
	}

	async #rounds(
		voice: Voice,
		{ name, lengthMs, times = 1, stop }: Spoken,
	): Promise<PlaybackEnd> {
		let [fromMs, inVain] = [0, 0];
		for (let round = 0; round < times; ) {
			while (!stop.aborted && !this.#isTurnOf(voice)) await changed(voice);
			if (stop.aborted) return "played";
			const startedAt = this.#clock.monotonic();
			const end = await this.#play(voice, name, fromMs);
			if (end !== "played" && end !== "cut") return end;
			const heardMs = this.#clock.monotonic() - startedAt;
			// one without an end has no place where it was
			if (Number.isFinite(lengthMs)) fromMs += heardMs;
			const leftMs = lengthMs - fromMs;
			if (voice.gaveWay && leftMs > 0) continue;
			inVain = heardMs < CUT_MS ? inVain + 1 : 0;
			if (leftMs > CUT_MS && inVain < MOST_IN_VAIN) continue;
			if (leftMs > CUT_MS && end === "cut") return "not_found";
			round++;
			fromMs = 0;
		}
		return "played";
	}

	async #play(
		voice: Voice,
		name: string,
		fromMs: number,
	): Promise<PlaybackEnd> {
		voice.gaveWay = false;
		voice.playing = this.#endpoint.play(name, fromMs);
		try {
			return await voice.playing;
		} finally {
			voice.playing = null;
			this.#tell();
		}
	}

	/** Whether nobody else is heard or comes first; whom it comes before gives way. */
	#isTurnOf(voice: Voice): boolean {
		if (this.#first !== voice) return false;
		const heard = this.#voices.find(({ playing }) => playing !== null);
		if (heard && heard.playing !== null && !heard.gaveWay) {
			heard.gaveWay = true;
			this.#stop(heard.playing);
		}
		return heard === undefined;
	}

	#stop(playing: Promise<PlaybackEnd>): void {
		this.#endpoint.stopPlaying(playing).catch((error) => {
			this.#log.warn({ err: message(error) }, "a sound is not stopped");
		});
	}

	/** Of the highest rank, who came first. */
	get #first(): Voice | undefined {
		const highest = Math.max(...this.#voices.map(({ rank }) => rank));
		return this.#voices.find(({ rank }) => rank === highest);
	}

	/** The others wait on. */
	#tell(): void {
		this.#first?.wake();
	}
}

function changed(voice: Voice): Promise<void> {
	return new Promise((resolve) => {
		voice.wake = resolve;
	});
}
