import { g711, type Law } from "../../audio/g711.js";
import { FRAME_SAMPLES, timestampDistance } from "./packet.js";

/** A little over a second; a power of two, so that a timestamp finds its slot by a mask. */
const SLOTS = 8192;
const MASK = SLOTS - 1;
/** How long a sample waits for those that are on their way: 60 ms. */
const DELAY_SAMPLES = 480;
/** A packet that far from what is played belongs to another time line: begin anew. */
const JUMP_SAMPLES = 4000;
/** As many late packets one after the other mean that the delay is wrong, not that the packets are. */
const LATE_IN_A_ROW = 5;
/** Packets over which the delay is watched: about a second. */
const WATCHED_PACKETS = 50;
const CONCEALED_FRAMES = 2;

const MU = 0x100;
const A = 0x200;

/** What a frame that is taken out holds. */
export type Heard = "arrived" | "concealed" | "nothing";

/**
 * Puts received samples into order by timestamp and hands them out 20 ms at a time, 60 ms after they came.
 * A slot holds one byte of G.711 and its law, so any packet length, order and repetition is the same to it.
 */
export class JitterBuffer {
	/** Packets that came after their time. */
	late = 0;
	readonly #slots = new Uint16Array(SLOTS);
	readonly #last = new Int16Array(FRAME_SAMPLES);
	#started = false;
	#playAt = 0;
	#lateInARow = 0;
	#concealable = 0;
	#watched = 0;
	#leastAhead = Number.POSITIVE_INFINITY;

	put(
		timestamp: number,
		law: Law,
		bytes: Uint8Array,
		start: number,
		end: number,
	): void {
		const length = Math.min(end - start, JUMP_SAMPLES);
		if (!this.#started) this.#begin(timestamp);
		let ahead = timestampDistance(this.#playAt, timestamp);
		if (ahead < -JUMP_SAMPLES || ahead > JUMP_SAMPLES) {
			this.#begin(timestamp);
			ahead = DELAY_SAMPLES;
		} else if (ahead + length <= 0) {
			this.late++;
			if (++this.#lateInARow <= LATE_IN_A_ROW) return;
			this.#begin(timestamp);
			ahead = DELAY_SAMPLES;
		}
		this.#lateInARow = 0;
		this.#watch(ahead);
		const flag = law === "mu" ? MU : A;
		for (let i = Math.max(0, -ahead); i < length; i++) {
			// `start` + `length` ends within the packet.
			const byte = bytes[start + i] as number;
			this.#slots[(timestamp + i) & MASK] = flag | byte;
		}
	}

	/** Fills `frame` with the next 20 ms; a gap with the frame before it at half its loudness, a longer one with silence. */
	take(frame: Int16Array): Heard {
		const present = this.#started ? this.#decode(frame) : 0;
		this.#advance(FRAME_SAMPLES);
		if (present > 0) this.#concealable = CONCEALED_FRAMES;
		else if (this.#concealable > 0) this.#concealable--;
		else {
			frame.fill(0);
			this.#last.fill(0);
			return "nothing";
		}
		this.#last.set(frame);
		return present > 0 ? "arrived" : "concealed";
	}

	/** Lets time pass unheard; what follows is not concealed by what was heard before. */
	skip(samples = FRAME_SAMPLES): void {
		this.#advance(samples);
		if (this.#concealable === 0) return;
		this.#concealable = 0;
		this.#last.fill(0);
	}

	#advance(samples: number): void {
		if (!this.#started) return;
		for (let i = 0; i < samples; i++) {
			this.#slots[(this.#playAt + i) & MASK] = 0;
		}
		this.#playAt = (this.#playAt + samples) >>> 0;
	}

	/** How many samples did arrive. */
	#decode(frame: Int16Array): number {
		let present = 0;
		for (let i = 0; i < FRAME_SAMPLES; i++) {
			// The mask and the frame's length keep the indexes inside; a byte is within the table.
			const slot = this.#slots[(this.#playAt + i) & MASK] as number;
			if (slot === 0) {
				frame[i] = (this.#last[i] as number) >> 1;
				continue;
			}
			const { toLinear } = slot & MU ? g711.mu : g711.a;
			frame[i] = toLinear[slot & 0xff] as number;
			present++;
		}
		return present;
	}

	#begin(timestamp: number): void {
		this.#started = true;
		this.#slots.fill(0);
		this.#playAt = (timestamp - DELAY_SAMPLES) >>> 0;
		this.#lateInARow = 0;
		this.#watched = 0;
		this.#leastAhead = Number.POSITIVE_INFINITY;
	}

	/** When even the tardiest packet of a second waited longer than it must (a burst, a fast clock), the wait is cut. */
	#watch(ahead: number): void {
		this.#leastAhead = Math.min(this.#leastAhead, ahead);
		if (++this.#watched < WATCHED_PACKETS) return;
		const excess = this.#leastAhead - DELAY_SAMPLES;
		if (excess >= 2 * FRAME_SAMPLES) this.#advance(excess - (excess % 80));
		this.#watched = 0;
		this.#leastAhead = Number.POSITIVE_INFINITY;
	}
}
