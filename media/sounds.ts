import { AudioError } from "../audio/audio-error.js";
import type { AudioWorker } from "../audio/worker.js";
import { unlessAborted } from "../core/abort.js";
import type { Clock } from "../core/clock.js";
import { Fault } from "../core/fault.js";
import type { HttpClient } from "../core/http.js";
import type { Log } from "../core/log.js";
import type { Sound, SoundSource, Sounds } from "../core/sounds.js";
import { SoundCache } from "./sound-cache.js";
import { fliteSpeech, type SpeechProvider } from "./speech.js";

interface SoundLimits {
	/** Of a fetched file. */
	maxBytes: number;
	/** For fetching one, redirects included. */
	timeoutMs: number;
	/** Of a text, in UTF-16 units. */
	maxCharacters: number;
	/** What all kept sounds may take on disk. */
	maxCacheBytes: number;
	/** A fetched sound is asked for again after that. */
	freshMs: number;
}

const soundLimits: SoundLimits = {
	maxBytes: 20_000_000,
	timeoutMs: 15_000,
	maxCharacters: 5000,
	maxCacheBytes: 1_000_000_000,
	freshMs: 300_000,
};

/** How old a copy may be that is played because the sound cannot be fetched again. */
const LONGEST_STALE_MS = 86_400_000;

export interface SoundsOptions {
	/** Where the wav files are kept; made if it is not there. */
	dir: string;
	http: HttpClient;
	audio: Pick<AudioWorker, "decode" | "speak">;
	clock: Clock;
	log: Log;
	limits?: Partial<SoundLimits>;
	/** flite where not given. */
	speech?: SpeechProvider;
}

interface Making {
	sound: Promise<Sound>;
	unwanted: AbortController;
	wantedBy: number;
}

/** Speaks texts and fetches URLs; each sound is made once, kept on disk, and shared by all who ask for it at the same time. */
export function createSounds(options: SoundsOptions): Sounds {
	const limits = { ...soundLimits, ...options.limits };
	const maker = new SoundMaker(options, limits);
	const underWay = new Map<string, Making>();
	return {
		async prepare(source, signal) {
			signal?.throwIfAborted();
			const key = JSON.stringify(source);
			let making = underWay.get(key);
			if (!making) {
				const unwanted = new AbortController();
				const sound = maker.make(source, unwanted.signal);
				making = { sound, unwanted, wantedBy: 0 };
				underWay.set(key, making);
			}
			const { sound, unwanted } = making;
			making.wantedBy++;
			try {
				return await (signal ? unlessAborted(sound, signal) : sound);
			} finally {
				// over, or nobody waits for it any more: who comes later begins anew
				if (--making.wantedBy === 0) {
					if (underWay.get(key) === making) underWay.delete(key);
					unwanted.abort();
				}
			}
		},
	};
}

class SoundMaker {
	readonly #options: SoundsOptions;
	readonly #limits: SoundLimits;
	readonly #speech: SpeechProvider;
	readonly #cache: SoundCache;

	constructor(options: SoundsOptions, limits: SoundLimits) {
		const { dir, clock } = options;
		this.#options = options;
		this.#limits = limits;
		this.#speech = options.speech ?? fliteSpeech(options.audio);
		this.#cache = new SoundCache({
			dir,
			clock,
			maxBytes: limits.maxCacheBytes,
		});
	}

	/** What has not begun when `signal` aborts never does. */
	async make(source: SoundSource, signal: AbortSignal): Promise<Sound> {
		try {
			const { path, durationMs } = await ("text" in source
				? this.#spoken(source.text, signal)
				: this.#fetched(source.url, signal));
			return { path, durationMs };
		} catch (error) {
			throw this.#asFault(error);
		}
	}

	async #spoken(text: string, signal: AbortSignal): Promise<Sound> {
		const { maxCharacters } = this.#limits;
		if (text.length > maxCharacters)
			throw new Fault(
				"SOUND_UNUSABLE",
				`the text has ${text.length} characters; at most ${maxCharacters} are spoken`,
			);
		const key = `text ${this.#speech.name}\n${text}`;
		return (
			(await this.#cache.find(key)) ??
			(await this.#cache.keep(key, await this.#speech.speak(text, signal)))
		);
	}

	async #fetched(url: string, signal: AbortSignal): Promise<Sound> {
		const key = `url ${url}`;
		const kept = await this.#cache.find(key);
		const { clock, audio, log } = this.#options;
		if (kept && clock.now() - kept.madeAt < this.#limits.freshMs) return kept;
		try {
			const samples = await audio.decode(
				await this.#download(url, signal),
				signal,
			);
			return await this.#cache.keep(key, samples);
		} catch (error) {
			// A sound a little out of date is better than a call without one.
			const passing = error instanceof Fault && error.code === "FETCH_FAILED";
			const usable = kept && clock.now() - kept.madeAt < LONGEST_STALE_MS;
			if (!usable || !passing) throw error;
			log.warn(
				{ host: new URL(url).host, detail: error.message },
				"an older copy of a sound is used",
			);
			return kept;
		}
	}

	async #download(url: string, signal: AbortSignal): Promise<Buffer> {
		const { maxBytes, timeoutMs } = this.#limits;
		const answer = await this.#options.http.request({
			method: "GET",
			url,
			headers: { accept: "audio/wav, audio/mpeg, */*;q=0.5" },
			timeoutMs,
			maxBytes,
			signal,
		});
		if (answer.kind === "failed")
			throw new Fault(
				answer.refused ? "ADDRESS_REFUSED" : "FETCH_FAILED",
				`the sound could not be fetched: ${answer.detail}`,
			);
		if (answer.status < 200 || answer.status > 299)
			throw new Fault(
				"FETCH_FAILED",
				`the sound could not be fetched: ${new URL(answer.url).host} answered ${answer.status}`,
			);
		return answer.body;
	}

	#asFault(error: unknown): Fault {
		if (error instanceof Fault) return error;
		if (error instanceof AudioError)
			return new Fault("SOUND_UNUSABLE", error.message, { cause: error });
		this.#options.log.error({ err: error }, "a sound could not be made");
		return new Fault(
			"SOUND_UNUSABLE",
			"the sound could not be made; the log says why",
			{ cause: error },
		);
	}
}
