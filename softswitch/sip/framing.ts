import { MAX_MESSAGE_BYTES } from "./parse.js";

const HEADER_END = Buffer.from("\r\n\r\n");
const CONTENT_LENGTH =
	/(?:^|\r\n)(?:content-length|l)[ \t]*:[ \t]*(\d{1,9})[ \t]*(?=\r\n|$)/i;

/** Cuts a TCP stream into messages by Content-Length (RFC 3261 §18.3). */
export class FrameReader {
	private pending: Buffer = Buffer.alloc(0);
	/** Where to look on for the end of the headers, so that a peer that drips bytes costs no more than its bytes. */
	private scanned = 0;

	/** Whether part of a message has come. */
	get partial(): boolean {
		return this.pending.length > 0;
	}

	/** The messages completed by these bytes; null if the stream cannot be read on: too long, or no length that makes sense. */
	push(bytes: Buffer): Buffer[] | null {
		this.pending =
			this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
		const frames: Buffer[] = [];
		for (;;) {
			this.skipBlankLines();
			const length = this.frameLength();
			if (length === null || length > MAX_MESSAGE_BYTES) return null;
			if (length === 0 || length > this.pending.length) break;
			frames.push(this.pending.subarray(0, length));
			this.pending = this.pending.subarray(length);
			this.scanned = 0;
		}
		return this.pending.length > MAX_MESSAGE_BYTES ? null : frames;
	}

	/** RFC 3261 §7.5 and RFC 5626 §3.5.1: CRLF between messages keeps the connection alive and means nothing. */
	private skipBlankLines(): void {
		let at = 0;
		while (this.pending[at] === 0x0d && this.pending[at + 1] === 0x0a) at += 2;
		if (at > 0) this.pending = this.pending.subarray(at);
	}

	/** Bytes of the first message, 0 while its headers are not complete. */
	private frameLength(): number | null {
		const end = this.pending.indexOf(HEADER_END, Math.max(this.scanned - 3, 0));
		if (end < 0) {
			this.scanned = this.pending.length;
			return 0;
		}
		this.scanned = end;
		const found = CONTENT_LENGTH.exec(this.pending.toString("latin1", 0, end));
		// RFC 3261 §20.14: it must be there over a stream; without it nothing after this can be read
		if (!found) return null;
		return end + HEADER_END.length + Number(found[1]);
	}
}
