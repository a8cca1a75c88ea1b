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
	rank: number;
	/** Aborting it ends the sound. */
	stop: AbortSignal;
}

interface Voice {
	rank: number;
	playing: Promise<PlaybackEnd> | null;
	gaveWay: boolean;
}

/** The sounds of one leg, one at a time: one of a lower rank gives way, and goes on afterwards where it was. */
export class Speaker {
	readonly #endpoint: MediaEndpoint;
	readonly #clock: Clock;
	readonly #log: Log;
	/** In the order in which they came. */
	readonly #voices: Voice[] = [];
	#waiting: (() => void)[] = [];

	constructor(
		endpoint: MediaEndpoint,
		{ clock, log }: { clock: Clock; log: Log },
	) {
		this.#endpoint = endpoint;
		this.#clock = clock;
		this.#log = log;
	}

	/** Resolves when the sound was heard to its end, or stopped. */
	async speak({ name, lengthMs, rank, stop }: Spoken): Promise<PlaybackEnd> {
		const voice: Voice = { rank, playing: null, gaveWay: false };
		this.#voices.push(voice);
		const onStop = () => {
			if (voice.playing !== null) this.#stop(voice.playing);
			this.#tell();
		};
		stop.addEventListener("abort", onStop, { once: true });
		try {
			for (let fromMs = 0; ; ) {
				while (!stop.aborted && !this.#isTurnOf(voice)) await this.#changed();
				if (stop.aborted || fromMs >= lengthMs) return "played";
				const startedAt = this.#clock.monotonic();
				const end = await this.#play(voice, name, fromMs);
				if (!voice.gaveWay || end !== "played") return end;
				fromMs += this.#clock.monotonic() - startedAt;
			}
		} finally {
			stop.removeEventListener("abort", onStop);
			this.#voices.splice(this.#voices.indexOf(voice), 1);
			this.#tell();
		}
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
		// sort is stable: of one rank, who came first
		const [first] = [...this.#voices].sort((a, b) => b.rank - a.rank);
		if (first !== voice) return false;
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

	#changed(): Promise<void> {
		return new Promise((resolve) => {
			this.#waiting.push(resolve);
		});
	}

	#tell(): void {
		for (const resolve of this.#waiting.splice(0)) resolve();
	}
}
