import { type FileHandle, open } from "node:fs/promises";
import { WAV_HEADER_BYTES, wavHeader } from "./wav.js";

/** One write to disk: a second of stereo at 8 kHz. */
const BLOCK_BYTES = 32_000;
/** What may wait for a disk that stalls; more is an error rather than memory. */
const MOST_WAITING_BYTES = 4_000_000;

/**
 * Writes 16-bit PCM to a file as it comes. `write` only copies: the disk is written asynchronously, block by block.
 * The lengths in the header are put right at `close`; until then they read "unknown", which players accept.
 */
export class WavWriter {
	readonly #file: Promise<FileHandle>;
	readonly #format: { sampleRateHz: number; channels: number };
	#block = new Uint8Array(BLOCK_BYTES);
	#view = new DataView(this.#block.buffer);
	#used = 0;
	#waiting = 0;
	#dataBytes = 0;
	#tail: Promise<void>;
	#failure: Error | undefined;

	/** Opens the file at once; an existing one is replaced. */
	constructor(
		path: string,
		format: { sampleRateHz: number; channels: number },
	) {
		this.#format = format;
		this.#file = open(path, "w");
		this.#tail = this.#after(async (file) => {
			await writeFully(file, wavHeader(format), 0);
		});
	}

	/** Why nothing more is written: no space, no such folder, a disk too slow. `close` rejects with it. */
	get failure(): Error | undefined {
		return this.#failure;
	}

	/** Samples of each channel taken so far. */
	get samples(): number {
		return (this.#dataBytes + this.#used) / 2 / this.#format.channels;
	}

	/** Copies interleaved samples; once the file has failed it does nothing. */
	write(samples: Int16Array): void {
		for (let i = 0; i < samples.length; i++) {
			if (this.#used === BLOCK_BYTES) this.#flush();
			if (this.#failure) return;
			// The index is below the length.
			this.#view.setInt16(this.#used, samples[i] as number, true);
			this.#used += 2;
		}
	}

	/** Resolves when the file is whole; rejects with the first failure. The handle is closed in any case. */
	async close(): Promise<void> {
		this.#flush();
		await this.#after(async (file) => {
			await writeFully(file, wavHeader(this.#format, this.#dataBytes), 0);
		});
		const file = await this.#file.catch(() => undefined);
		await file?.close().catch((error: Error) => this.#fail(error));
		if (this.#failure) throw this.#failure;
	}

	#flush(): void {
		if (this.#used === 0 || this.#failure) return;
		const block = this.#block.subarray(0, this.#used);
		const at = WAV_HEADER_BYTES + this.#dataBytes;
		this.#dataBytes += block.length;
		this.#waiting += block.length;
		if (this.#waiting > MOST_WAITING_BYTES) {
			this.#fail(new Error("the disk is too slow: the recording was cut off"));
			return;
		}
		this.#tail = this.#after(async (file) => {
			await writeFully(file, block, at);
			this.#waiting -= block.length;
		});
		this.#block = new Uint8Array(BLOCK_BYTES);
		this.#view = new DataView(this.#block.buffer);
		this.#used = 0;
	}

	/** Runs one write after those before it; never rejects. */
	async #after(write: (file: FileHandle) => Promise<void>): Promise<void> {
		const before = this.#tail;
		try {
			await before;
			if (this.#failure) return;
			await write(await this.#file);
		} catch (error) {
			// node:fs rejects with Errors only.
			this.#fail(error as Error);
		}
	}

	#fail(error: Error): void {
		this.#failure ??= error;
	}
}

/** A disk that is nearly full may take a part and say so only at the next write. */
async function writeFully(
	file: FileHandle,
	bytes: Uint8Array,
	at: number,
): Promise<void> {
	for (let done = 0; done < bytes.length; ) {
		const { bytesWritten } = await file.write(
			bytes,
			done,
			bytes.length - done,
			at + done,
		);
		done += bytesWritten;
	}
}
