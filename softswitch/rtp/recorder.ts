import { TELEPHONE_RATE_HZ } from "../../audio/resample.js";
import { WavWriter } from "../../audio/wav-writer.js";
import type { RecordEnd, RecordHandle, RecordOptions } from "./media.js";
import { FRAME_MS, FRAME_SAMPLES } from "./packet.js";

/** Writes what a stream hears and says to a wav file, 20 ms at a time. */
export class Recorder implements RecordHandle {
	readonly done: Promise<RecordEnd>;
	readonly #options: RecordOptions;
	readonly #writer: WavWriter;
	readonly #mixed: Int16Array;
	readonly #onEnd: () => void;
	#end: (by: RecordEnd["by"]) => void = () => undefined;
	#ended = false;
	#masked = false;
	#paused = false;
	#elapsedMs = 0;
	#silentMs = 0;

	/** `onEnd` is called once, when no more frames are wanted. */
	constructor(path: string, options: RecordOptions, onEnd: () => void) {
		const channels = options.stereo ? 2 : 1;
		this.#options = options;
		this.#onEnd = onEnd;
		this.#writer = new WavWriter(path, {
			sampleRateHz: TELEPHONE_RATE_HZ,
			channels,
		});
		this.#mixed = new Int16Array(FRAME_SAMPLES * channels);
		this.done = new Promise<RecordEnd["by"]>((resolve) => {
			this.#end = resolve;
		}).then(async (by) => {
			await this.#writer.close();
			return { samples: this.#writer.samples, by };
		});
		// Who does not look at `done` must not be ended by it: an unwritable disk never takes the process down.
		this.done.catch(() => undefined);
	}

	mask(on: boolean): void {
		this.#masked = on;
	}

	pause(on: boolean): void {
		this.#paused = on;
	}

	stop(by: RecordEnd["by"] = "stopped"): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#onEnd();
		this.#end(by);
	}

	/** The next 20 ms: what came in (whether anything did) and what went out. */
	frame(heard: Int16Array, arrived: boolean, said: Int16Array): void {
		const { maxMs, onlyArrived, silence } = this.#options;
		if (this.#writer.failure) this.stop();
		if (this.#ended || this.#paused) return;
		if (arrived || !onlyArrived) {
			this.#mix(heard, said);
			if (silence) this.#listen(silence);
			this.#writer.write(this.#mixed);
		}
		this.#elapsedMs += FRAME_MS;
		if (silence && this.#silentMs >= silence.forMs) this.stop("silence");
		else if (maxMs !== undefined && this.#elapsedMs >= maxMs) {
			this.stop("limit");
		}
	}

	#mix(heard: Int16Array, said: Int16Array): void {
		const { stereo, readOnly } = this.#options;
		for (let i = 0; i < FRAME_SAMPLES; i++) {
			// Frames hold FRAME_SAMPLES each.
			const left = this.#masked ? 0 : (heard[i] as number);
			const right = this.#masked ? 0 : (said[i] as number);
			if (stereo) {
				this.#mixed[2 * i] = left;
				this.#mixed[2 * i + 1] = readOnly ? 0 : right;
			} else if (readOnly) this.#mixed[i] = left;
			else {
				this.#mixed[i] = Math.max(-32_768, Math.min(32_767, left + right));
			}
		}
	}

	#listen({ threshold }: { threshold: number }): void {
		let sum = 0;
		for (const sample of this.#mixed) sum += Math.abs(sample);
		const quiet = sum / this.#mixed.length < threshold;
		this.#silentMs = quiet ? this.#silentMs + FRAME_MS : 0;
	}

	/** Time that passed while the clock could not run: silence keeps the recording as long as the call. */
	skip(frames: number): void {
		if (this.#paused) return;
		this.#elapsedMs += frames * FRAME_MS;
		if (this.#options.onlyArrived) return;
		this.#mixed.fill(0);
		for (let i = 0; i < frames; i++) this.#writer.write(this.#mixed);
	}
}
