import { encodeG711 } from "../../audio/g711.js";
import type { Clock } from "../../core/clock.js";
import { EventSender } from "./event-sender.js";
import { InBandDetector } from "./in-band-detector.js";
import type {
	MediaStream,
	Playback,
	RecordHandle,
	RecordOptions,
	Remote,
	Source,
	StreamEvents,
	StreamStats,
} from "./media.js";
import { FRAME_SAMPLES } from "./packet.js";
import type { PortPair } from "./port-pool.js";
import { Receiver } from "./receiver.js";
import { Recorder } from "./recorder.js";
import { checkRemote, isOwn } from "./remote.js";
import { SoundDetector } from "./sound-detector.js";
import { type OutgoingFrame, SourceStack, silence } from "./source-stack.js";
import { Transmitter } from "./transmitter.js";

const TIMESTAMPS_PER_MS = 8;
const PCMA = 8;

export interface StreamPlace {
	id: number;
	pair: PortPair;
	clock: Clock;
	/** The addresses that mean this machine in an SDP. */
	addresses: readonly string[];
	/** Told once, when the stream is closed. */
	onClose(): void;
}

/** One RTP endpoint, driven by `tick` every 20 ms. */
export class RtpStream implements MediaStream {
	readonly id: number;
	readonly port: number;
	readonly #place: StreamPlace;
	readonly #events: StreamEvents;
	readonly #transmitter: Transmitter;
	readonly #receiver: Receiver;
	readonly #sources = new SourceStack();
	readonly #pressed = new EventSender();
	readonly #detector: SoundDetector | undefined;
	#inBand: InBandDetector | undefined;
	readonly #recorders = new Set<Recorder>();
	/** Recordings that are not whole on disk yet. */
	readonly #unwritten = new Set<Recorder>();
	readonly #heard = new Int16Array(FRAME_SAMPLES);
	readonly #said = new Int16Array(FRAME_SAMPLES);
	#remote: Remote | undefined;
	#peer: RtpStream | undefined;
	/** `#heard` holds 20 ms that nobody was given yet. */
	#fresh = false;
	#muted = { read: false, write: false };
	#closed = false;

	constructor(place: StreamPlace, events: StreamEvents) {
		const { id, pair, clock } = place;
		this.id = id;
		this.port = pair.port;
		this.#place = place;
		this.#events = events;
		this.#transmitter = new Transmitter(pair.rtp);
		this.#receiver = new Receiver(
			clock,
			(digit, duration) => {
				events.onDigit(digit, duration, "RTP");
				void this.#peer?.pass(digit, duration);
			},
			() => events.onFirstPacket?.(),
		);
		if (events.onSound) {
			this.#detector = new SoundDetector((on) => events.onSound?.(on));
		}
		pair.rtp.on("message", (bytes, from) =>
			this.#receiver.receive(bytes, from, this.#remote),
		);
	}

	configure(remote: Remote): void {
		checkRemote(remote);
		this.#remote = { ...remote };
		this.#transmitter.frame.law = remote.payloadType === PCMA ? "a" : "mu";
		const own = { addresses: this.#place.addresses, port: this.port };
		if (isOwn(remote, own)) this.#remote.direction = "inactive";
		else this.#receiver.latch.expect(remote.address, remote.port);
	}

	play(source: Source): Playback {
		const playback = this.#sources.push(source);
		if (this.#closed) this.#sources.close();
		return playback;
	}

	async sendDigits(digits: string, durationMs: number): Promise<void> {
		if (this.#remote?.eventPayloadType == null) {
			throw new Error("the far end offers no telephone-event (RFC 4733)");
		}
		await this.#pressed.send(digits, durationMs);
	}

	mute(side: "read" | "write", on: boolean): void {
		this.#muted[side] = on;
	}

	detectDigits(on: boolean): void {
		this.#inBand = on
			? new InBandDetector((digit, duration) =>
					this.#events.onDigit(digit, duration, "INBAND_AUDIO"),
				)
			: undefined;
	}

	record(path: string, options: RecordOptions): RecordHandle {
		const recorder = new Recorder(path, options, () => {
			this.#recorders.delete(recorder);
		});
		this.#unwritten.add(recorder);
		const written = () => void this.#unwritten.delete(recorder);
		recorder.done.then(written, written);
		if (this.#closed) recorder.stop("closed");
		else this.#recorders.add(recorder);
		return recorder;
	}

	bridge(other: MediaStream): void {
		if (!(other instanceof RtpStream) || other === this) {
			throw new Error("a stream is bridged to another one of its engine");
		}
		// A leg that has just been hung up is nothing to complain about.
		if (this.#closed || other.#closed) return;
		this.unbridge();
		other.unbridge();
		this.#peer = other;
		other.#peer = this;
	}

	unbridge(): void {
		if (this.#peer) this.#peer.#peer = undefined;
		this.#peer = undefined;
	}

	async stats(): Promise<StreamStats> {
		const { reception, jitter } = this.#receiver;
		return {
			packetsSent: this.#transmitter.sent,
			packetsReceived: reception.received,
			packetsLost: reception.lost,
			packetsLate: jitter.late,
			packetsOfDigits: this.#receiver.packetsOfDigits,
			jitterMs: reception.jitterMs,
			maxJitterMs: reception.maxJitterMs,
		};
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.unbridge();
		this.#pressed.close();
		this.#sources.close();
		for (const recorder of this.#recorders) recorder.stop("closed");
		this.#place.pair.close();
		this.#place.onClose();
	}

	/** Closes it and waits until its recordings are on disk, or have failed. */
	async end(): Promise<void> {
		this.close();
		await Promise.allSettled([...this.#unwritten].map(({ done }) => done));
	}

	/** The next 20 ms of everything. */
	tick(): void {
		if (this.#closed) return;
		this.#receiver.tick();
		const recorded = this.#recorders.size > 0;
		const bridged = this.#peer !== undefined;
		const watched = this.#detector !== undefined || this.#inBand !== undefined;
		const arrived = this.#listen(recorded || bridged || watched);
		this.#detector?.frame(this.#heard);
		this.#inBand?.frame(this.#heard);
		this.#transmitter.frame.linear = recorded ? this.#said : null;
		const sounding = this.#speak();
		if (recorded && !sounding) this.#said.fill(0);
		for (const recorder of this.#recorders) {
			recorder.frame(this.#heard, arrived, this.#said);
		}
		this.#transmitter.transmit(
			this.#remote,
			this.#receiver.latch,
			this.#pressed.next(),
			sounding,
		);
	}

	/** Time that passed without ticks: nothing was said or heard. */
	skip(frames: number): void {
		this.#transmitter.skip(frames);
		this.#receiver.jitter.skip(frames * FRAME_SAMPLES);
		for (const recorder of this.#recorders) recorder.skip(frames);
	}

	/** Sends on a digit that the other side of the bridge pressed. */
	async pass(digit: string, durationSamples: number): Promise<void> {
		if (this.#remote?.eventPayloadType == null) return;
		await this.#pressed.send(digit, durationSamples / TIMESTAMPS_PER_MS);
	}

	/** Takes the next 20 ms of the far end; whether any of it arrived. */
	#listen(wanted: boolean): boolean {
		this.#fresh = false;
		if (!wanted || this.#muted.read) {
			this.#receiver.jitter.skip();
			this.#heard.fill(0);
			return false;
		}
		const heard = this.#receiver.jitter.take(this.#heard);
		this.#fresh = heard !== "nothing";
		return heard === "arrived";
	}

	/** Puts the next 20 ms to send into the packet; false where there is nothing to say. */
	#speak(): boolean {
		const { frame } = this.#transmitter;
		const sounding = this.#sources.next(frame) || this.#relay(frame);
		if (sounding && this.#muted.write) silence(frame, 0);
		return sounding;
	}

	/** The other side of the bridge, each of its frames once. */
	#relay({ law, bytes, at, linear }: OutgoingFrame): boolean {
		const peer = this.#peer;
		if (!peer) return false;
		const fresh = peer.#fresh;
		peer.#fresh = false;
		if (!fresh) return false;
		encodeG711(law, peer.#heard, bytes, at);
		linear?.set(peer.#heard);
		return true;
	}
}
