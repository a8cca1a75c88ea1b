import type { EventEmitter } from "node:events";
import type Mrf from "drachtio-fsmrf";
import type Srf from "drachtio-srf";
import type { RtpFigures } from "../core/call.js";
import { type Clock, sleep } from "../core/clock.js";
import { Fault } from "../core/fault.js";
import type { DrachtioServer } from "./drachtio.js";
import { argument, digitsArgument, mediaStatsArgument } from "./encode.js";
import { ANSWER_MS, EndpointCommands } from "./endpoint-commands.js";
import { rtpFigures } from "./media-stats.js";
import { reInvite } from "./re-invite.js";

/** By FreeSWITCH's words (mod_dptools.c: playback_function). */
const endings: Readonly<Record<string, PlaybackEnd>> = {
	"FILE PLAYED": "played",
	_none_: "played",
	// read no further, as where the leg was joined or parted meanwhile
	"PLAYBACK ERROR": "cut",
};

/** US ringback: 440 + 480 Hz, two seconds of six (ITU-T E.180 supplement 2). */
export const RINGBACK = "tone_stream://%(2000,4000,440,480);loops=-1";

/** A beep of three seconds: you are on hold. */
export const HOLD_TONE = "tone_stream://%(300,2700,425);loops=-1";
const SAMPLES_PER_MS = 8;

/** For a change of what is spoken: FreeSWITCH may be asked twice for it. */
const CHANGE_MS = 2 * ANSWER_MS + 1_000;

/** Until a sound that goes on is told again to stop. */
const STOP_AGAIN_MS = 100;
/** What FreeSWITCH itself waits until it looks again whether two legs can be joined. */
const FRAME_MS = 20;
/** For what nobody wants to wait for at a leg's end. */
const FIGURES_MS = 1_000;

/** A FreeSWITCH that is not told otherwise offers both: that is no SRTP to rely on. */
const isSrtp = (sdp: string): boolean =>
	/^m=audio \d+ RTP\/SAVP/m.test(sdp) && !/^m=audio \d+ RTP\/AVP/m.test(sdp);

export type PlaybackEnd = "played" | "cut" | "not_found" | "over";

export interface MediaEndpointOptions {
	/** That it was made by. */
	drachtio: DrachtioServer;
	/** Makes one beside it, in the same FreeSWITCH: no other can be bridged with it. */
	another(srtp: boolean): Promise<MediaEndpoint>;
	/** Called once, when the endpoint is over. */
	release(): void;
	clock: Clock;
}

/** One FreeSWITCH endpoint. What it is asked is this service's own words and paths, and passes the encoder all the same. */
export class MediaEndpoint {
	readonly #endpoint: Mrf.Endpoint;
	readonly #clock: Clock;
	readonly #commands: EndpointCommands;

	#changed: Promise<unknown> = Promise.resolve();
	#accepted: string | null = null;
	/** A join or a parting: a sound that began in it would be cut short, or hold it up. */
	#moved: Promise<unknown> = Promise.resolve();
	readonly drachtio: DrachtioServer;
	readonly another: (srtp: boolean) => Promise<MediaEndpoint>;

	constructor(
		endpoint: Mrf.Endpoint,
		{ drachtio, another, release, clock }: MediaEndpointOptions,
	) {
		this.#endpoint = endpoint;
		this.drachtio = drachtio;
		this.another = another;
		this.#clock = clock;
		this.#commands = new EndpointCommands(endpoint, { clock, release });
	}

	/** Aborts when FreeSWITCH's side is gone, whoever ended it. */
	get over(): AbortSignal {
		return this.#commands.over;
	}

	/** What FreeSWITCH offers. */
	get offer(): string {
		return this.#endpoint.local.sdp;
	}

	/** Whether it speaks SRTP, and nothing else (RFC 4568). */
	get srtp(): boolean {
		return isSrtp(this.offer);
	}

	onDigit(listener: (digit: string) => void): void {
		this.#endpoint.on("dtmf", ({ dtmf }: { dtmf: string }) => listener(dtmf));
	}

	/** Gives FreeSWITCH the far end's answer to its offer; false if it is gone. Throws where it does not take it. */
	async accept(answer: string): Promise<boolean> {
		// as after a 183, mostly
		if (answer === this.#accepted) return !this.over.aborted;
		const accepted = await (this.srtp
			? this.#afterAnother(() => this.#answer(answer))
			: this.negotiate(answer));
		if (accepted === null) return false;
		this.#accepted = answer;
		return true;
	}

	/** Gives FreeSWITCH an offer of the far end's (re-INVITE); returns its answer, or null if it is gone. */
	async negotiate(offer: string): Promise<string | null> {
		const { dialog } = this.#endpoint;
		this.#accepted = null;
		return this.#afterAnother(() => reInvite(dialog, offer));
	}

	/**
	 * FreeSWITCH has its first offer acknowledged long ago, so that it takes what comes for an offer; then it would choose itself another
	 * key, while the far end has the first one (switch_core_media.c, check_for_crypto_in_answer). It is asked to make the same offer again.
	 */
	async #answer(sdp: string): Promise<string> {
		if (!isSrtp(sdp) || !/^a=crypto:/m.test(sdp))
			throw new Fault("ENGINE_DOWN", "the far end answers without SRTP");
		const dialog = this.#endpoint.dialog as EventEmitter; // its types do not know `off`
		let onOffer = (_offer: Srf.SrfRequest, _response: Srf.SrfResponse) => {};
		const asked = new Promise<string>((resolve) => {
			onOffer = (_offer, response) => {
				response.send(200, { body: sdp });
				resolve(sdp);
			};
		});
		dialog.on("modify", onOffer);
		try {
			const isAsked = await this.#commands.api("uuid_media_reneg");
			if (
				isAsked &&
				(await this.#commands.soon(this.#commands.race(asked))) !== null
			)
				return sdp;
			throw new Fault("ENGINE_DOWN", "FreeSWITCH does not offer again");
		} finally {
			// it would answer another offer with what is out of date
			dialog.off("modify", onOffer);
		}
	}

	/** One change at a time (RFC 3261 §14.1). */
	#afterAnother(change: () => Promise<string>): Promise<string | null> {
		// its time begins with it, and whatever becomes of it the next one has its turn
		const changed = this.#changed.then(() =>
			this.#commands.soon(this.#commands.race(change()), CHANGE_MS),
		);
		this.#changed = changed.catch(() => {});
		return changed;
	}

	/** Plays a file, or a tone, to its end or until `stopPlaying`. */
	async play(path: string, fromMs = 0): Promise<PlaybackEnd> {
		const samples = Math.round(fromMs * SAMPLES_PER_MS);
		const from = samples > 0 ? `@@${samples}` : "";
		return this.#playback(argument(path) + from);
	}

	/**
	 * Ends what plays, and resolves when it has. FreeSWITCH forgets a break that comes before the sound has begun; with `all` it would
	 * throw away the sound that waits, and never tell of its end (mod_commands.c: break_function).
	 */
	async stopPlaying(playing: Promise<unknown>): Promise<void> {
		const ended = new AbortController();
		const end = () => ended.abort();
		playing.then(end, end);
		while (!ended.signal.aborted && !this.over.aborted) {
			await this.#commands.api("uuid_break");
			await sleep(this.#clock, STOP_AGAIN_MS, ended.signal).catch(() => {});
		}
	}

	/** Left: what the callee says; right: what it hears. */
	async startRecording(path: string): Promise<boolean> {
		// of 25 frames that FreeSWITCH holds back if it is not told otherwise the first half second is lost (1.10.12, measured)
		const how = "RECORD_STEREO=true RECORD_PRE_BUFFER_FRAMES=1";
		await this.#commands.execute("multiset", how);
		return this.#commands.api("uuid_record", "start", path);
	}

	async stopRecording(path: string): Promise<boolean> {
		return this.#commands.api("uuid_record", "stop", path);
	}

	/** While it is on, both channels of the recording hold silence. */
	async maskRecording(path: string, on: boolean): Promise<boolean> {
		return this.#commands.api("uuid_record", on ? "mask" : "unmask", path);
	}

	/** What is said while it is on is left out, and the recording is so much shorter. */
	async pauseRecording(path: string, on: boolean): Promise<boolean> {
		return this.#commands.api("uuid_record", on ? "pause" : "resume", path);
	}

	/** Of what comes from the far end; digits do. */
	async mute(on: boolean): Promise<boolean> {
		return this.#commands.api(
			"uuid_audio",
			"start",
			"read",
			"mute",
			on ? "1" : "0",
		);
	}

	/** Resolves once they hear each other. False where FreeSWITCH refused, or one of them is over. */
	async bridge(other: MediaEndpoint): Promise<boolean> {
		const { uuid } = other.#endpoint;
		return this.#move(
			async () =>
				(await this.#commands.api("uuid_bridge", uuid)) &&
				this.#untilJoined(uuid, other.over),
		);
	}

	/** Resolves once they are parted; each stays where it is. False where FreeSWITCH refused. */
	async unbridge(): Promise<boolean> {
		return this.#move(
			async () =>
				(await this.#commands.api(
					"uuid_transfer",
					"-both",
					"park",
					"inline",
				)) && this.#untilJoined("_undef_"),
		);
	}

	#move(move: () => Promise<boolean>): Promise<boolean> {
		const moved = move();
		this.#moved = moved.catch(() => {});
		return moved;
	}

	/**
	 * FreeSWITCH answers before it does either (switch_ivr_bridge.c: uuid_bridge_on_soft_execute, audio_bridge_thread). Two legs that are
	 * not joined yet it would not part but end the one, and send a digit nowhere.
	 */
	async #untilJoined(uuid: string, over?: AbortSignal): Promise<boolean> {
		const until = this.#clock.monotonic() + ANSWER_MS;
		const joinedTo = argument(this.#endpoint.uuid, "bridge_to");
		while (!this.over.aborted && !over?.aborted) {
			if ((await this.#commands.ask("uuid_getvar", joinedTo)) === uuid)
				return true;
			if (this.#clock.monotonic() > until) break;
			await sleep(this.#clock, FRAME_MS, this.over).catch(() => {});
		}
		return false;
	}

	/** One after the other; resolves before they were sent. False where FreeSWITCH refused. */
	async sendDigits(digits: string, durationMs?: number): Promise<boolean> {
		const text = digitsArgument(digits, durationMs);
		return this.#commands.run(
			"uuid_send_dtmf",
			`${argument(this.#endpoint.uuid)} ${text}`,
		);
	}

	/** What came of the far end's sound in the `upMs` since it answered; null where FreeSWITCH does not tell. */
	async received(upMs: number): Promise<RtpFigures | null> {
		if (this.over.aborted) return null;
		const asked = this.#endpoint
			.api("json", mediaStatsArgument(this.#endpoint.uuid))
			.catch(() => null); // a leg ends without figures, too
		const event = await this.#commands.soon(
			this.#commands.race(asked),
			FIGURES_MS,
		);
		return event && rtpFigures(event.getBody(), upMs);
	}

	/** Ends FreeSWITCH's leg and gives its place back; does not wait for ever for either. */
	async destroy(): Promise<void> {
		if (this.over.aborted) return;
		const destroyed = this.#endpoint.destroy().catch(() => {});
		await this.#commands.soon(this.#commands.race(destroyed));
		this.#commands.finish();
	}

	/** FreeSWITCH answers no more: should it wake up, the end of its socket ends its leg. */
	abandon(): void {
		this.#endpoint.conn?.disconnect();
		this.#commands.finish();
	}

	async #playback(argumentText: string): Promise<PlaybackEnd> {
		await this.#moved;
		const event = await this.#commands.execute("playback", argumentText);
		if (!event) return "over";
		const response = event.getHeader("Application-Response") ?? "";
		return endings[response] ?? "not_found";
	}
}
