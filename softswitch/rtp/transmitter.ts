import { randomBytes, randomInt } from "node:crypto";
import type { Socket } from "node:dgram";
import { type EventPacket, writeEvent } from "./event-sender.js";
import type { Remote } from "./media.js";
import {
	EVENT_BYTES,
	FRAME_SAMPLES,
	HEADER_BYTES,
	writeHeader,
} from "./packet.js";
import type { OutgoingFrame } from "./source-stack.js";

/** Where packets go. */
export interface Destination {
	readonly address: string;
	/** 0 = nowhere. */
	readonly port: number;
}

/** The sending half of a stream: one time line, on which sound, events and pauses follow each other. */
export class Transmitter {
	/** Where the next 20 ms of sound are put before `transmit`. */
	readonly frame: OutgoingFrame;
	sent = 0;
	readonly #socket: Socket;
	/** Sound and events go out in buffers of their own, written anew for each packet: none is allocated. */
	readonly #sound = Buffer.alloc(HEADER_BYTES + FRAME_SAMPLES);
	readonly #event = Buffer.alloc(HEADER_BYTES + EVENT_BYTES);
	readonly #ssrc = randomBytes(4).readUInt32BE();
	#sequence = randomInt(0x10000);
	#timestamp = randomInt(2 ** 32);
	#eventTimestamp = 0;
	/** The next packet of sound is the first after a pause: it carries the marker (RFC 3551 §4.1). */
	#paused = true;

	constructor(socket: Socket) {
		this.#socket = socket;
		this.frame = {
			law: "mu",
			bytes: this.#sound,
			at: HEADER_BYTES,
			linear: null,
		};
	}

	/** Sends this 20 ms: the event if a key is pressed, else the frame if it is `sounding`; then time moves on. */
	transmit(
		remote: Remote | undefined,
		to: Destination,
		event: EventPacket | undefined,
		sounding: boolean,
	): void {
		if (event?.first) this.#eventTimestamp = this.#timestamp;
		if (remote && maySend(remote) && to.port !== 0) {
			if (event) this.#sendEvent(remote, to, event);
			else if (sounding) {
				this.#send(this.#sound, remote.payloadType, this.#timestamp, to);
			}
		}
		this.#paused = event !== undefined || !sounding;
		this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
	}

	/** Time in which nothing was sent. */
	skip(frames: number): void {
		this.#timestamp = (this.#timestamp + frames * FRAME_SAMPLES) >>> 0;
		this.#paused = true;
	}

	#sendEvent(remote: Remote, to: Destination, event: EventPacket): void {
		if (remote.eventPayloadType === null) return;
		writeEvent(this.#event, HEADER_BYTES, event);
		this.#paused = event.first;
		this.#send(this.#event, remote.eventPayloadType, this.#eventTimestamp, to);
	}

	#send(
		packet: Buffer,
		payloadType: number,
		timestamp: number,
		{ address, port }: Destination,
	): void {
		this.#sequence = (this.#sequence + 1) & 0xffff;
		writeHeader(
			packet,
			payloadType,
			this.#paused,
			this.#sequence,
			timestamp,
			this.#ssrc,
		);
		this.#socket.send(packet, 0, packet.length, port, address);
		this.sent++;
	}
}

function maySend({ direction }: Remote): boolean {
	return direction === "sendrecv" || direction === "sendonly";
}
