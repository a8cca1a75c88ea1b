import { readFile, stat } from "node:fs/promises";
import { extname, isAbsolute, join } from "node:path";
import { AudioError } from "../../audio/audio-error.js";
import {
	parseSilenceStream,
	parseToneStream,
} from "../../audio/tone-stream.js";
import type { AudioWorker } from "../../audio/worker.js";
import type { Log } from "../../core/log.js";
import type { Source } from "../rtp/media.js";
import { RemoteFiles } from "./remote-files.js";

/** Decoded sounds kept for the next call; the oldest go first. */
const MOST_CACHED_SAMPLES = 32 * 1024 * 1024;

/** Turns what a playback command names into sound. */
export class Sounds {
	readonly #worker: AudioWorker;
	readonly #folder: string;
	readonly #log: Log;
	readonly remote = new RemoteFiles();
	readonly #cache = new Map<string, Promise<Int16Array>>();
	readonly #sizes = new Map<string, number>();
	#cachedSamples = 0;

	/** `folder` is where relative paths are looked up. */
	constructor(worker: AudioWorker, folder: string, log: Log) {
		this.#worker = worker;
		this.#folder = folder;
		this.#log = log;
	}

	path(name: string): string {
		const stays = isAbsolute(name) || RemoteFiles.names(name);
		return stays ? name : join(this.#folder, name);
	}

	/** Null when there is no such sound, or none that can be read. */
	async open(name: string, fromSample = 0): Promise<Source | null> {
		try {
			return await this.#source(name, fromSample);
		} catch (error) {
			const expected = error instanceof AudioError || isMissing(error);
			if (expected)
				this.#log.warn({ name, why: error.message }, "no such sound");
			else throw error;
			return null;
		}
	}

	/** Throws an AudioError on an unknown voice or nothing to say. */
	async speech(text: string, voice: string): Promise<Source> {
		return { kind: "pcm", samples: await this.#worker.speak(text, voice) };
	}

	async #source(name: string, fromSample: number): Promise<Source> {
		const [, scheme, rest = ""] = /^([\w-]+):\/\/(.*)$/s.exec(name) ?? [];
		if (scheme === "tone_stream")
			return { kind: "tones", ...parseToneStream(rest) };
		if (scheme === "silence_stream")
			return { kind: "silence", durationMs: parseSilenceStream(rest) };
		if (RemoteFiles.names(name)) {
			const path = await this.remote.fetched(name);
			return { kind: "pcm", samples: await this.#decoded(path), fromSample };
		}
		if (scheme !== undefined || /^(say|phrase):|^\{/.test(name))
			throw new AudioError(`this kind of sound is not emulated: ${name}`);
		const path = this.path(extname(name) === "" ? `${name}.wav` : name);
		return { kind: "pcm", samples: await this.#decoded(path), fromSample };
	}

	async #decoded(path: string): Promise<Int16Array> {
		const { mtimeMs, size } = await stat(path);
		const key = `${path}\n${mtimeMs}\n${size}`;
		const known = this.#cache.get(key);
		if (known !== undefined) return known;
		const reading = readFile(path).then((bytes) => this.#worker.decode(bytes));
		this.#cache.set(key, reading);
		try {
			const samples = await reading;
			this.#sizes.set(key, samples.length);
			this.#cachedSamples += samples.length;
			this.#evict(key);
			return samples;
		} catch (error) {
			this.#cache.delete(key);
			throw error;
		}
	}

	#evict(newest: string): void {
		for (const [key, samples] of this.#sizes) {
			if (this.#cachedSamples <= MOST_CACHED_SAMPLES || key === newest) return;
			this.#sizes.delete(key);
			this.#cache.delete(key);
			this.#cachedSamples -= samples;
		}
	}
}

/** No file, no right to read it, or a folder. */
function isMissing(error: unknown): error is NodeJS.ErrnoException {
	return error instanceof Error && "code" in error;
}
