import type {
	MediaEngine,
	MediaStream,
	RecordHandle,
	Remote,
} from "../rtp/media.js";
import { type Codec, PhoneSdp } from "./phone-sdp.js";
import type { Sound } from "./script.js";
import { loadSound } from "./sound.js";

const DIGIT_MS = 100;

export interface Hearing {
	onDigit(digit: string): void;
	onSound(sounding: boolean): void;
}

/** The sound of one call of the phone: its RTP stream and the descriptions that steer it. */
export class CallMedia {
	readonly sdp: PhoneSdp;
	readonly stream: MediaStream;
	#recording: RecordHandle | undefined;
	#stopPlaying: () => void = () => undefined;

	private constructor(stream: MediaStream, sdp: PhoneSdp) {
		this.stream = stream;
		this.sdp = sdp;
	}

	/** Rejects when no port or stream is free. */
	static async open(
		engine: MediaEngine,
		address: string,
		codecs: readonly Codec[],
		hearing: Hearing,
	): Promise<CallMedia> {
		const stream = await engine.open(hearing);
		return new CallMedia(stream, new PhoneSdp(address, stream.port, codecs));
	}

	configure(remote: Remote): void {
		this.stream.configure(remote);
	}

	/** Plays it once, in place of what plays now; resolves when it ends. */
	async play(sound: Sound): Promise<void> {
		const source = await loadSound(sound);
		this.#stopPlaying();
		const playback = this.stream.play(source);
		this.#stopPlaying = () => playback.stop();
		await playback.done;
	}

	stopPlaying(): void {
		this.#stopPlaying();
	}

	async press(digits: string, durationMs = DIGIT_MS): Promise<void> {
		await this.stream.sendDigits(digits, durationMs);
	}

	/** Writes what is heard from now on. */
	record(path: string): void {
		this.#recording = this.stream.record(path, {
			stereo: false,
			readOnly: true,
			onlyArrived: false,
		});
	}

	/** Frees the stream; resolves when the recording is whole, rejects when it could not be written. */
	async close(): Promise<void> {
		this.stream.close();
		await this.#recording?.done;
	}
}
