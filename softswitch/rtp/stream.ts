import { randomBytes, randomInt } from "node:crypto";
import type { RemoteInfo } from "node:dgram";
import { encodeG711, type Law } from "../../audio/g711.js";
import type { Clock } from "../../core/clock.js";
import { EventReceiver } from "./event-receiver.js";
import { type EventPacket, EventSender, writeEvent } from "./event-sender.js";
import { JitterBuffer } from "./jitter-buffer.js";
import { Latch } from "./latch.js";
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
import {
	EVENT_BYTES,
	FRAME_SAMPLES,
	HEADER_BYTES,
	RtpPacket,
	writeHeader,
} from "./packet.js";
import type { PortPair } from "./port-pool.js";
import { Reception } from "./reception.js";
import { Recorder } from "./recorder.js";
import { checkRemote, isOwn } from "./remote.js";
import { SoundDetector } from "./sound-detector.js";
import { type OutgoingFrame, SourceStack, silence } from "./source-stack.js";

const TIMESTAMPS_PER_MS = 8;
const PCMU = 0;
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
	readonly #incoming = new RtpPacket();
	readonly #latch = new Latch();
	readonly #reception = new Reception();
	readonly #jitter = new JitterBuffer();
	readonly #sources = new SourceStack();
	readonly #pressed = new EventSender();
	readonly #digits: EventReceiver;
	readonly #detector: SoundDetector | undefined;
	readonly #recorders = new Set<Recorder>();
	/** Recordings that are not whole on disk yet. */
	readonly #unwritten = new Set<Recorder>();
	readonly #heard = new Int16Array(FRAME_SAMPLES);
	readonly #said = new Int16Array(FRAME_SAMPLES);
	/** Sound and events go out in buffers of their own, written anew for each packet: none is allocated. */
	readonly #sound = Buffer.alloc(HEADER_BYTES + FRAME_SAMPLES);
	readonly #event = Buffer.alloc(HEADER_BYTES + EVENT_BYTES);
	readonly #frame: OutgoingFrame;
	readonly #ssrc = randomBytes(4).readUInt32BE();
	#sequence = randomInt(0x10000);
	#timestamp = randomInt(2 ** 32);
	#eventTimestamp = 0;
	/** The next packet of sound is the first after a pause. */
	#paused = true;
	#remote: Remote | undefined;
	#peer: RtpStream | undefined;
	/** `#heard` holds 20 ms that nobody was given yet. */
	#fresh = false;
	#muted = { read: false, write: false };
	#sent = 0;
	#closed = false;

	constructor(place: StreamPlace, events: StreamEvents) {
		this.id = place.id;
		this.port = place.pair.port;
		this.#place = place;
		this.#events = events;
		this.#frame = {
			law: "mu",
			bytes: this.#sound,
			at: HEADER_BYTES,
			linear: null,
		};
		this.#digits = new EventReceiver((digit, duration) => {
			events.onDigit(digit, duration, "RTP");
			void this.#peer?.pass(digit, duration);
		});
		if (events.onSound) {
			this.#detector = new SoundDetector((on) => events.onSound?.(on));
		}
		place.pair.rtp.on("message", (bytes, from) => this.#receive(bytes, from));
	}

	configure(remote: Remote): void {
		checkRemote(remote);
		this.#remote = { ...remote };
		this.#frame.law = remote.payloadType === PCMA ? "a" : "mu";
		const own = { addresses: this.#place.addresses, port: this.port };
		if (isOwn(remote, own)) this.#remote.direction = "inactive";
		else this.#latch.expect(remote.address, remote.port);
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
		return {
			packetsSent: this.#sent,
			packetsReceived: this.#reception.received,
			packetsLost: this.#reception.lost,
			packetsLate: this.#jitter.late,
			jitterMs: this.#reception.jitterMs,
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
		this.#digits.expire(this.#place.clock.monotonic());
		const recorded = this.#recorders.size > 0;
		const wanted = recorded || this.#peer !== undefined;
		const arrived = this.#listen(wanted || this.#detector !== undefined);
		this.#detector?.frame(this.#heard);
		this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
		this.#frame.linear = recorded ? this.#said : null;
		const sounding = this.#speak();
		if (recorded && !sounding) this.#said.fill(0);
		for (const recorder of this.#recorders) {
			recorder.frame(this.#heard, arrived, this.#said);
		}
		const event = this.#pressed.next();
		if (event) this.#sendEvent(event);
		else if (sounding) this.#sendSound();
		this.#paused = !sounding || event !== undefined;
	}

	/** Time that passed without ticks: nothing was said or heard. */
	skip(frames: number): void {
		this.#timestamp = (this.#timestamp + frames * FRAME_SAMPLES) >>> 0;
		this.#jitter.advance(frames * FRAME_SAMPLES);
		this.#paused = true;
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
			this.#jitter.advance();
			this.#heard.fill(0);
			return false;
		}
		const heard = this.#jitter.take(this.#heard);
		this.#fresh = heard !== "nothing";
		return heard === "arrived";
	}

	/** Puts the next 20 ms to send into the packet; false where there is nothing to say. */
	#speak(): boolean {
		const frame = this.#frame;
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

	#sendSound(): void {
		const remote = this.#remote;
		if (!remote) return;
		this.#send(this.#sound, remote.payloadType, this.#paused, this.#timestamp);
	}

	#sendEvent(event: EventPacket): void {
		const type = this.#remote?.eventPayloadType;
		if (type == null) return;
		if (event.first) this.#eventTimestamp = this.#timestamp;
		writeEvent(this.#event, HEADER_BYTES, event);
		this.#send(this.#event, type, event.first, this.#eventTimestamp);
	}

	#send(
		packet: Buffer,
		payloadType: number,
		marker: boolean,
		timestamp: number,
	): void {
		const direction = this.#remote?.direction;
		if (direction !== "sendrecv" && direction !== "sendonly") return;
		const { address, port } = this.#latch;
		if (port === 0) return;
		this.#sequence = (this.#sequence + 1) & 0xffff;
		writeHeader(
			packet,
			payloadType,
			marker,
			this.#sequence,
			timestamp,
			this.#ssrc,
		);
		this.#place.pair.rtp.send(packet, 0, packet.length, port, address);
		this.#sent++;
	}

	#receive(bytes: Buffer, from: RemoteInfo): void {
		const direction = this.#remote?.direction;
		if (direction !== "sendrecv" && direction !== "recvonly") return;
		const packet = this.#incoming;
		if (!packet.read(bytes)) return;
		const nowMs = this.#place.clock.monotonic();
		const { ssrc, sequence } = packet;
		if (!this.#latch.admit(from.address, from.port, ssrc, sequence, nowMs))
			return;
		this.#reception.receive(ssrc, sequence);
		if (this.#reception.received === 1) this.#events.onFirstPacket?.();
		this.#open(packet, nowMs);
	}

	/** Comfort noise (13) and what was never agreed on is left unheard. */
	#open(packet: RtpPacket, nowMs: number): void {
		const { bytes, payloadType, payloadStart, payloadEnd, timestamp } = packet;
		if (payloadType === PCMU || payloadType === PCMA) {
			const law: Law = payloadType === PCMA ? "a" : "mu";
			this.#reception.measureJitter(timestamp, nowMs);
			this.#jitter.put(timestamp, law, bytes, payloadStart, payloadEnd);
		} else if (
			payloadType === this.#remote?.eventPayloadType ||
			payloadType === this.#remote?.localEventPayloadType
		) {
			this.#digits.receive(bytes, payloadStart, payloadEnd, timestamp, nowMs);
		}
	}
}
