export const HEADER_BYTES = 12;
export const EVENT_BYTES = 4;
/** RFC 3551: 20 ms of 8 kHz sound. */
export const FRAME_SAMPLES = 160;
export const FRAME_MS = 20;

/** One received packet's header (RFC 3550 §5.1); one object is read into again and again. */
export class RtpPacket {
	bytes: Buffer = Buffer.alloc(0);
	payloadType = 0;
	marker = false;
	sequence = 0;
	timestamp = 0;
	ssrc = 0;
	payloadStart = 0;
	payloadEnd = 0;

	/** False where the bytes are no RTP packet (RTCP, STUN, noise). */
	read(bytes: Buffer): boolean {
		if (bytes.length < HEADER_BYTES) return false;
		const first = bytes.readUInt8(0);
		const second = bytes.readUInt8(1);
		if (first >> 6 !== 2) return false;
		// RFC 5761 §4: RTCP on the same port shows itself by these numbers.
		if (second >= 192 && second <= 223) return false;
		let start = HEADER_BYTES + 4 * (first & 0x0f);
		if (first & 0x10) {
			if (bytes.length < start + 4) return false;
			start += 4 + 4 * bytes.readUInt16BE(start + 2);
		}
		const padding = first & 0x20 ? bytes.readUInt8(bytes.length - 1) : 0;
		const end = bytes.length - padding;
		if (start > end || (first & 0x20 && padding === 0)) return false;
		this.bytes = bytes;
		this.payloadType = second & 0x7f;
		this.marker = second >= 0x80;
		this.sequence = bytes.readUInt16BE(2);
		this.timestamp = bytes.readUInt32BE(4);
		this.ssrc = bytes.readUInt32BE(8);
		this.payloadStart = start;
		this.payloadEnd = end;
		return true;
	}
}

/** Writes the header in front of a payload that stands at HEADER_BYTES already. */
export function writeHeader(
	bytes: Buffer,
	payloadType: number,
	marker: boolean,
	sequence: number,
	timestamp: number,
	ssrc: number,
): void {
	bytes.writeUInt8(0x80, 0);
	bytes.writeUInt8(payloadType | (marker ? 0x80 : 0), 1);
	bytes.writeUInt16BE(sequence, 2);
	bytes.writeUInt32BE(timestamp, 4);
	bytes.writeUInt32BE(ssrc, 8);
}

/** From `from` to `to`, as a signed distance on the circle of 16-bit sequence numbers. */
export const sequenceDistance = (from: number, to: number): number =>
	((to - from) << 16) >> 16;

/** The same on the circle of 32-bit timestamps. */
export const timestampDistance = (from: number, to: number): number =>
	(to - from) | 0;
