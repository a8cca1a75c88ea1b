import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { decodeG711 } from "../../../audio/g711.js";
import type { Remote } from "../../../softswitch/rtp/media.js";
import { RtpPacket } from "../../../softswitch/rtp/packet.js";

export interface Arrived {
	payloadType: number;
	marker: boolean;
	sequence: number;
	timestamp: number;
	payload: Buffer;
}

export interface Sent {
	payloadType?: number;
	marker?: boolean;
	sequence: number;
	timestamp: number;
	ssrc?: number;
	payload: Uint8Array;
}

/** RTP as bytes. */
function rtp(packet: Sent): Buffer {
	const { payloadType = 0, marker = false, ssrc = 1, payload } = packet;
	const header = Buffer.alloc(12);
	header[0] = 0x80;
	header[1] = payloadType | (marker ? 0x80 : 0);
	header.writeUInt16BE(packet.sequence & 0xffff, 2);
	header.writeUInt32BE(packet.timestamp >>> 0, 4);
	header.writeUInt32BE(ssrc >>> 0, 8);
	return Buffer.concat([header, payload]);
}

/** RFC 4733's four bytes. */
export function eventPayload(
	event: number,
	duration: number,
	ended: boolean,
): Buffer {
	const payload = Buffer.alloc(4);
	payload[0] = event;
	payload[1] = (ended ? 0x80 : 0) | 10;
	payload.writeUInt16BE(duration, 2);
	return payload;
}

/** A bare UDP socket that sends and collects RTP as a test wants it. */
export class FarEnd {
	readonly arrived: Arrived[] = [];
	readonly #socket: Socket;

	static async open(): Promise<FarEnd> {
		const socket = createSocket("udp4");
		socket.bind(0, "127.0.0.1");
		await once(socket, "listening");
		return new FarEnd(socket);
	}

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.on("message", (bytes) => this.#receive(bytes));
	}

	/** This end as an SDP would describe it. */
	remote(changes: Partial<Remote> = {}): Remote {
		return {
			address: "127.0.0.1",
			port: this.#socket.address().port,
			payloadType: 0,
			eventPayloadType: 101,
			direction: "sendrecv",
			...changes,
		};
	}

	send(port: number, packet: Sent | Buffer): void {
		const bytes = Buffer.isBuffer(packet) ? packet : rtp(packet);
		this.#socket.send(bytes, port, "127.0.0.1");
	}

	/** What arrived as sound, decoded in order of arrival. */
	sound(law: "mu" | "a" = "mu"): Int16Array {
		const type = law === "mu" ? 0 : 8;
		const packets = this.arrived.filter(
			({ payloadType }) => payloadType === type,
		);
		return decodeG711(
			law,
			Buffer.concat(packets.map(({ payload }) => payload)),
		);
	}

	async close(): Promise<void> {
		this.#socket.close();
		await once(this.#socket, "close");
	}

	#receive(bytes: Buffer): void {
		const packet = new RtpPacket();
		if (!packet.read(bytes)) return;
		const { payloadType, marker, sequence, timestamp } = packet;
		const payload = bytes.subarray(packet.payloadStart, packet.payloadEnd);
		this.arrived.push({ payloadType, marker, sequence, timestamp, payload });
	}
}
