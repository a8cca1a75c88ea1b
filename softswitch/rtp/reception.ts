import { sequenceDistance, timestampDistance } from "./packet.js";

/** RFC 3550 §A.1: a larger step in sequence is a sender that began anew. */
const MAX_DROPOUT = 3000;
const TIMESTAMPS_PER_MS = 8;

/** What RFC 3550 counts about a received stream. */
export class Reception {
	received = 0;
	#ssrc: number | undefined;
	#highest = 0;
	/** Packets that should have come since the sender began, and before it began anew. */
	#expected = 0;
	#jitter = 0;
	#maxJitter = 0;
	#transit: number | undefined;

	receive(ssrc: number, sequence: number): void {
		this.received++;
		const step = sequenceDistance(this.#highest, sequence);
		if (ssrc !== this.#ssrc || Math.abs(step) > MAX_DROPOUT) {
			this.#ssrc = ssrc;
			this.#highest = sequence;
			this.#expected++;
			this.#transit = undefined;
		} else if (step > 0) {
			this.#highest = sequence;
			this.#expected += step;
		}
	}

	/** RFC 3550 §6.4.1; only of sound, since packets of one event share a timestamp. */
	measureJitter(timestamp: number, nowMs: number): void {
		const arrival = Math.round(nowMs * TIMESTAMPS_PER_MS) % 2 ** 32;
		const transit = timestampDistance(timestamp, arrival);
		if (this.#transit !== undefined) {
			const difference = Math.abs(timestampDistance(this.#transit, transit));
			// A new time line within one source is no jitter.
			if (difference < MAX_DROPOUT * TIMESTAMPS_PER_MS) {
				this.#jitter += (difference - this.#jitter) / 16;
				this.#maxJitter = Math.max(this.#maxJitter, this.#jitter);
			}
		}
		this.#transit = transit;
	}

	get lost(): number {
		return Math.max(0, this.#expected - this.received);
	}

	get jitterMs(): number {
		return this.#jitter / TIMESTAMPS_PER_MS;
	}

	/** The largest it has been. */
	get maxJitterMs(): number {
		return this.#maxJitter / TIMESTAMPS_PER_MS;
	}
}
