import { timestampDistance } from "./packet.js";

/** RFC 4733 §3.2, events 0 to 15. */
const DIGITS = "0123456789*#ABCD";
/** Packets of a pressed key come every 20 to 50 ms; after this silence its end was lost. */
const LOST_END_MS = 200;
/** RFC 4733 §2.5.1.3: a longer press goes on in a new segment whose timestamp is this much later. */
const LONGEST_SEGMENT = 0xffff;

/** Digits out of RFC 4733 packets: each once, whether its packets are lost, repeated or out of order. */
export class EventReceiver {
	readonly #onDigit: (digit: string, durationSamples: number) => void;
	#event = -1;
	#timestamp = 0;
	#duration = 0;
	/** Of the segments before this one. */
	#before = 0;
	#pressed = false;
	#heardAtMs = 0;

	constructor(onDigit: (digit: string, durationSamples: number) => void) {
		this.#onDigit = onDigit;
	}

	/** Takes the payload of one packet of the telephone-event type. */
	receive(
		payload: Buffer,
		start: number,
		end: number,
		timestamp: number,
		nowMs: number,
	): void {
		if (end - start < 4) return;
		const event = payload.readUInt8(start);
		if (event >= DIGITS.length) return;
		const ended = (payload.readUInt8(start + 1) & 0x80) !== 0;
		const duration = payload.readUInt16BE(start + 2);
		if (this.#event === -1 || timestamp !== this.#timestamp) {
			if (!this.#begin(event, timestamp)) return;
		} else if (!this.#pressed || event !== this.#event) return;
		this.#heardAtMs = nowMs;
		this.#duration = Math.max(this.#duration, duration);
		if (ended) this.#end();
	}

	/** Ends a digit whose end packets were all lost. */
	expire(nowMs: number): void {
		if (this.#pressed && nowMs - this.#heardAtMs > LOST_END_MS) this.#end();
	}

	/** False where the packet belongs to an event that is over. */
	#begin(event: number, timestamp: number): boolean {
		const distance = timestampDistance(this.#timestamp, timestamp);
		if (this.#event !== -1 && distance < 0 && distance > -LONGEST_SEGMENT * 8) {
			return false;
		}
		const continued =
			this.#pressed && event === this.#event && distance === LONGEST_SEGMENT;
		if (continued) this.#before += LONGEST_SEGMENT;
		else {
			// A new key while the old one is held: its end was lost.
			if (this.#pressed) this.#end();
			this.#before = 0;
		}
		this.#event = event;
		this.#timestamp = timestamp;
		this.#duration = 0;
		this.#pressed = true;
		return true;
	}

	#end(): void {
		this.#pressed = false;
		// `receive` lets only events through that have a digit.
		this.#onDigit(DIGITS[this.#event] as string, this.#before + this.#duration);
	}
}
