import type Mrf from "drachtio-fsmrf";
import type { Clock } from "../core/clock.js";
import { argument } from "./encode.js";

/** US ringback: 440 + 480 Hz, two seconds of six (ITU-T E.180 supplement 2). */
const RINGBACK = "tone_stream://%(2000,4000,440,480);loops=-1";

/** For what FreeSWITCH answers at once. */
const ANSWER_MS = 5_000;

export type PlaybackEnd = "played" | "not_found" | "over";

/**
 * One FreeSWITCH endpoint. Every command races the endpoint's end: a promise of fsmrf's never settles once its socket has died.
 * Arguments are this service's own words and paths, and pass the encoder all the same.
 */
export class MediaEndpoint {
	readonly #endpoint: Mrf.Endpoint;
	readonly #clock: Clock;
	readonly #release: () => void;
	readonly #over = new AbortController();
	readonly #ended: Promise<null>;

	/** `release` is called once, when the endpoint is over. */
	constructor(endpoint: Mrf.Endpoint, clock: Clock, release: () => void) {
		this.#endpoint = endpoint;
		this.#clock = clock;
		this.#release = release;
		this.#ended = new Promise((resolve) => {
			this.over.addEventListener("abort", () => resolve(null), { once: true });
		});
		endpoint.once("destroy", () => this.#finish());
		// while fsmrf's own destroy waits, only the socket's end tells that FreeSWITCH died
		endpoint.conn?.once("esl::end", () => this.#finish());
		if (!endpoint.connected) this.#finish();
	}

	/** Aborts when FreeSWITCH's side is gone, whoever ended it. */
	get over(): AbortSignal {
		return this.#over.signal;
	}

	/** What FreeSWITCH offers. */
	get offer(): string {
		return this.#endpoint.local.sdp;
	}

	onDigit(listener: (digit: string) => void): void {
		this.#endpoint.on("dtmf", ({ dtmf }: { dtmf: string }) => listener(dtmf));
	}

	/** Gives FreeSWITCH the far end's session description (re-INVITE); returns its own, or null if it is gone. */
	async negotiate(sdp: string): Promise<string | null> {
		const { dialog } = this.#endpoint;
		const modified = dialog.modify(sdp) as unknown as Promise<string>; // without noAck it is the answer
		return this.#soon(this.#race(modified));
	}

	/** Plays a file to its end, or until `stopPlaying`. */
	async play(path: string): Promise<PlaybackEnd> {
		return this.#playback(argument(path));
	}

	/** Until `stopPlaying`. */
	async ringback(): Promise<PlaybackEnd> {
		return this.#playback(argument(RINGBACK));
	}

	async stopPlaying(): Promise<void> {
		await this.#api("uuid_break", "all");
	}

	/** Left: what the callee says; right: what it hears. */
	async startRecording(path: string): Promise<boolean> {
		await this.#execute("set", "RECORD_STEREO=true");
		return this.#api("uuid_record", "start", path);
	}

	async stopRecording(path: string): Promise<boolean> {
		return this.#api("uuid_record", "stop", path);
	}

	/** While it is on, both channels of the recording hold silence. */
	async maskRecording(path: string, on: boolean): Promise<boolean> {
		return this.#api("uuid_record", on ? "mask" : "unmask", path);
	}

	async bridge(other: MediaEndpoint): Promise<boolean> {
		return this.#api("uuid_bridge", other.#endpoint.uuid);
	}

	/** Parts both; each stays where it is. */
	async unbridge(): Promise<void> {
		await this.#api("uuid_transfer", "-both", "park", "inline");
	}

	async sendDigit(digit: string): Promise<void> {
		await this.#execute("send_dtmf", argument(digit));
	}

	/** Ends FreeSWITCH's leg and gives its place back; does not wait for ever for either. */
	async destroy(): Promise<void> {
		if (this.over.aborted) return;
		const destroyed = this.#endpoint.destroy().catch(() => {});
		await this.#soon(Promise.race([destroyed, this.#ended]));
		this.#finish();
	}

	async #playback(argumentText: string): Promise<PlaybackEnd> {
		const event = await this.#execute("playback", argumentText);
		if (!event) return "over";
		const response = event.getHeader("Application-Response") ?? "";
		return response === "FILE PLAYED" || response === "_none_"
			? "played"
			: "not_found";
	}

	#execute(application: string, text: string) {
		if (this.over.aborted) return Promise.resolve(null);
		return this.#race(this.#endpoint.execute(application, text));
	}

	/** Runs `command uuid …`; false where FreeSWITCH refused. */
	async #api(command: string, ...words: string[]): Promise<boolean> {
		if (this.over.aborted) return false;
		const event = await this.#soon(
			this.#race(
				this.#endpoint.api(command, argument(this.#endpoint.uuid, ...words)),
			),
		);
		return event !== null && !event.getBody().startsWith("-");
	}

	/** Null when it takes longer than a healthy FreeSWITCH ever does. */
	#soon<T>(work: Promise<T>): Promise<T | null> {
		return new Promise((resolve, reject) => {
			const cancel = this.#clock.after(ANSWER_MS, () => resolve(null));
			work.finally(cancel).then(resolve, reject);
		});
	}

	/** Null when the endpoint ended first. */
	async #race<T>(work: Promise<T>): Promise<T | null> {
		work.catch(() => {}); // may reject after the race is over
		try {
			return await Promise.race([work, this.#ended]);
		} catch (error) {
			if (this.over.aborted) return null;
			throw error;
		}
	}

	#finish(): void {
		if (this.over.aborted) return;
		this.#over.abort();
		this.#release();
	}
}
