import { createHash, randomUUID } from "node:crypto";
import {
	mkdir,
	open,
	readdir,
	rename,
	rm,
	stat,
	utimes,
} from "node:fs/promises";
import { join } from "node:path";
import { WAV_HEADER_BYTES, wavHeader } from "../audio/wav.js";
import type { Clock } from "../core/clock.js";
import type { Sound } from "../core/sounds.js";

/** A sound on disk. */
interface CachedSound extends Sound {
	/** Epoch milliseconds. */
	madeAt: number;
}

interface Entry {
	bytes: number;
	/** The file's modification time. */
	madeAt: number;
	/** The file's access time: outlives a restart, as far as it was written down. */
	usedAt: number;
	/** Its header was read, or it was written by this process. */
	trusted: boolean;
	/** When it was last seen to be there; monotonic milliseconds. */
	seenAt: number;
}

const format = { sampleRateHz: 8000, channels: 1 };
const BYTES_PER_MS = 16;
const fileName = /^[0-9a-f]{64}\.wav$/;
const temporaryName = /^[0-9a-f-]{36}\.tmp$/;
/** A sound is used for a while after it was asked for: while the phone rings, and again at each loop. */
const IN_USE_MS = 3_600_000;
const USE_NOTED_EVERY_MS = 600_000;
/** Many calls play the same sound: it is not looked for on the disk for each of them. */
const SEEN_FOR_MS = 1_000;

/**
 * Sounds as 8 kHz mono 16-bit wav files named by the hash of their key. A file appears whole or not at all, also when the
 * process is killed; a damaged or vanished one counts as missing. Beyond `maxBytes` the longest unused ones go, though none
 * that was used within the last hour.
 */
export class SoundCache {
	readonly #dir: string;
	readonly #maxBytes: number;
	readonly #clock: Clock;
	/** By file name, the longest unused first. */
	#entries: Promise<Map<string, Entry>> | undefined;

	constructor(options: { dir: string; maxBytes: number; clock: Clock }) {
		this.#dir = options.dir;
		this.#maxBytes = options.maxBytes;
		this.#clock = options.clock;
	}

	async find(key: string): Promise<CachedSound | null> {
		const name = nameOf(key);
		const entries = await this.#load();
		const entry = entries.get(name);
		if (!entry) return null;
		if (!(await this.#isWhole(name, entry))) {
			entries.delete(name);
			return null;
		}
		await this.#noteUse(entries, name, entry);
		return this.#sound(name, entry);
	}

	/** Writes the sound, in place of an older one. */
	async keep(key: string, samples: Int16Array): Promise<CachedSound> {
		const name = nameOf(key);
		const entries = await this.#load();
		const now = this.#clock.now();
		await this.#write(name, samples, now);
		const bytes = WAV_HEADER_BYTES + samples.byteLength;
		const seenAt = this.#clock.monotonic();
		const entry = { bytes, madeAt: now, usedAt: now, trusted: true, seenAt };
		entries.delete(name);
		entries.set(name, entry);
		await this.#evict(entries);
		return this.#sound(name, entry);
	}

	/** Reads the folder once; another process's files are found at the next start. */
	#load(): Promise<Map<string, Entry>> {
		this.#entries ??= this.#scan().catch((error: unknown) => {
			this.#entries = undefined;
			throw error;
		});
		return this.#entries;
	}

	async #scan(): Promise<Map<string, Entry>> {
		await mkdir(this.#dir, { recursive: true });
		const found: [string, Entry][] = [];
		for (const name of await readdir(this.#dir)) {
			// What a killed process was writing.
			if (temporaryName.test(name))
				await rm(join(this.#dir, name), { force: true });
			if (!fileName.test(name)) continue;
			const { size, mtimeMs, atimeMs } = await stat(join(this.#dir, name));
			const usedAt = Math.max(atimeMs, mtimeMs);
			found.push([
				name,
				{
					bytes: size,
					madeAt: mtimeMs,
					usedAt,
					trusted: false,
					seenAt: Number.NEGATIVE_INFINITY,
				},
			]);
		}
		return new Map(found.sort(([, a], [, b]) => a.usedAt - b.usedAt));
	}

	async #isWhole(name: string, entry: Entry): Promise<boolean> {
		const path = join(this.#dir, name);
		const now = this.#clock.monotonic();
		if (entry.trusted && now - entry.seenAt < SEEN_FOR_MS) return true;
		try {
			const { size, mtimeMs } = await stat(path);
			if (size !== entry.bytes) return false;
			entry.trusted &&= Math.abs(mtimeMs - entry.madeAt) < 1;
			entry.trusted ||= await hasOwnHeader(path, size);
			entry.seenAt = now;
			return entry.trusted;
		} catch {
			return false;
		}
	}

	async #noteUse(entries: Map<string, Entry>, name: string, entry: Entry) {
		entries.delete(name);
		entries.set(name, entry);
		const now = this.#clock.now();
		if (now - entry.usedAt < USE_NOTED_EVERY_MS) return;
		entry.usedAt = now;
		await utimes(join(this.#dir, name), now / 1000, entry.madeAt / 1000);
	}

	async #write(name: string, samples: Int16Array, now: number): Promise<void> {
		await mkdir(this.#dir, { recursive: true });
		const temporary = join(this.#dir, `${randomUUID()}.tmp`);
		try {
			const file = await open(temporary, "wx");
			try {
				await file.writeFile(wavOf(samples));
				await file.utimes(now / 1000, now / 1000);
				// Without it a power cut can leave a file of the right length that holds nothing.
				await file.datasync();
			} finally {
				await file.close();
			}
			await rename(temporary, join(this.#dir, name));
		} catch (error) {
			await rm(temporary, { force: true });
			throw error;
		}
	}

	async #evict(entries: Map<string, Entry>): Promise<void> {
		let bytes = 0;
		for (const entry of entries.values()) bytes += entry.bytes;
		const inUseSince = this.#clock.now() - IN_USE_MS;
		for (const [name, entry] of entries) {
			if (bytes <= this.#maxBytes) return;
			if (entry.usedAt > inUseSince) continue;
			bytes -= entry.bytes;
			entries.delete(name);
			await rm(join(this.#dir, name), { force: true });
		}
	}

	#sound(name: string, entry: Entry): CachedSound {
		return {
			path: join(this.#dir, name),
			durationMs: (entry.bytes - WAV_HEADER_BYTES) / BYTES_PER_MS,
			madeAt: entry.madeAt,
		};
	}
}

function nameOf(key: string): string {
	return `${createHash("sha256").update(key).digest("hex")}.wav`;
}

function wavOf(samples: Int16Array): Buffer {
	// A wav is little-endian, and so is every processor that Node runs on but IBM's Z.
	const bytes = Buffer.from(
		samples.buffer,
		samples.byteOffset,
		samples.byteLength,
	);
	return Buffer.concat([wavHeader(format, bytes.length), bytes]);
}

async function hasOwnHeader(path: string, bytes: number): Promise<boolean> {
	const expected = wavHeader(format, bytes - WAV_HEADER_BYTES);
	const file = await open(path);
	try {
		const { buffer } = await file.read(Buffer.alloc(expected.length), 0);
		return buffer.equals(expected);
	} finally {
		await file.close();
	}
}
