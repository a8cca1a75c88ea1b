import { FRAME_MS, FRAME_SAMPLES } from "./packet.js";

const DIGITS = "0123456789*#ABCD";
/** RFC 4733 §2.5.1.4: the packet that ends an event goes out three times in all. */
const END_REPEATS = 2;
const SHORTEST_MS = 40;
/** The duration field holds 16 bits: 8.19 s. */
const LONGEST_MS = 8000;
/** RFC 4733 §2.3.3: -10 dBm0. */
const VOLUME = 10;

/** One packet's worth of a pressed key. */
export interface EventPacket {
	event: number;
	ended: boolean;
	durationSamples: number;
	/** The event's first packet: it carries the marker, and its timestamp holds for all of them. */
	first: boolean;
}

interface Key {
	event: number;
	frames: number;
	sent: number;
	done?: () => void;
}

/** Digits to be sent, one after the other: a packet every 20 ms, then the end repeated twice in 40 ms of silence. */
export class EventSender {
	#keys: Key[] = [];

	/** Resolves when the last digit and its silence are over; rejects on what is no key. */
	send(digits: string, durationMs: number): Promise<void> {
		const events = [...digits].map((digit) => DIGITS.indexOf(digit));
		if (events.includes(-1)) {
			return Promise.reject(
				new Error(`"${digits}" holds what is not a key: use ${DIGITS}`),
			);
		}
		if (events.length === 0) return Promise.resolve();
		const heldMs = Math.max(SHORTEST_MS, Math.min(LONGEST_MS, durationMs));
		const frames = Math.round(heldMs / FRAME_MS);
		return new Promise((resolve) => {
			events.forEach((event, i) => {
				const last = i === events.length - 1;
				this.#keys.push({
					event,
					frames,
					sent: 0,
					...(last ? { done: resolve } : {}),
				});
			});
		});
	}

	/** What to send in this 20 ms in place of sound; undefined while no key is pressed. */
	next(): EventPacket | undefined {
		let key = this.#keys[0];
		if (key && key.sent === key.frames + END_REPEATS) {
			this.#keys.shift();
			key.done?.();
			key = this.#keys[0];
		}
		if (!key) return undefined;
		key.sent++;
		return {
			event: key.event,
			ended: key.sent >= key.frames,
			durationSamples: Math.min(key.sent, key.frames) * FRAME_SAMPLES,
			first: key.sent === 1,
		};
	}

	/** Forgets what was not sent; its promises resolve. */
	close(): void {
		for (const key of this.#keys) key.done?.();
		this.#keys = [];
	}
}

export function writeEvent(
	bytes: Buffer,
	offset: number,
	{ event, ended, durationSamples }: EventPacket,
): void {
	bytes.writeUInt8(event, offset);
	bytes.writeUInt8((ended ? 0x80 : 0) | VOLUME, offset + 1);
	bytes.writeUInt16BE(durationSamples, offset + 2);
}
