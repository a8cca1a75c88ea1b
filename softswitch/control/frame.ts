/** The length is at most five digits, as drachtio-server reads it (client.cpp). */
const MAX_DIGITS = 5;
const HASH = 0x23;

/** One message as it goes over the wire: its length in bytes, `#`, and its text. */
export function encodeFrame(text: string): string {
	return `${Buffer.byteLength(text)}#${text}`;
}

/** Cuts the stream of one connection into messages. */
export class FrameReader {
	private chunks: Buffer[] = [];
	private size = 0;
	/** Bytes of the message that is coming, its length and `#` included; 0 while they are not known. */
	private awaited = 0;

	/** The messages completed by these bytes; null if they are no frames. */
	push(bytes: Buffer): string[] | null {
		this.chunks.push(bytes);
		this.size += bytes.length;
		// Nothing is copied until the message is whole, so one that comes in many pieces costs no more than its bytes.
		if (this.size < this.awaited) return [];
		return this.cut(
			this.chunks.length === 1 ? bytes : Buffer.concat(this.chunks),
		);
	}

	private cut(bytes: Buffer): string[] | null {
		const messages: string[] = [];
		let at = 0;
		this.awaited = 0;
		while (at < bytes.length) {
			const hash = bytes.subarray(at, at + MAX_DIGITS + 1).indexOf(HASH);
			const digits = bytes.toString(
				"latin1",
				at,
				at + (hash < 0 ? MAX_DIGITS + 1 : hash),
			);
			if (!/^\d{1,5}$/.test(digits)) return null;
			if (hash < 0) break;
			const start = at + hash + 1;
			const end = start + Number(digits);
			if (end === start) return null;
			if (end > bytes.length) {
				this.awaited = end - at;
				break;
			}
			messages.push(bytes.toString("utf8", start, end));
			at = end;
		}
		this.chunks = at < bytes.length ? [bytes.subarray(at)] : [];
		this.size = bytes.length - at;
		return messages;
	}
}
