/** Bits written from the most significant one on. */
class Bits {
	readonly bytes: Uint8Array;
	#at = 0;

	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
	}

	write(value: number, count: number): void {
		for (let bit = count - 1; bit >= 0; bit--) {
			const index = this.#at >> 3;
			const set = ((value >> bit) & 1) << (7 - (this.#at & 7));
			this.bytes[index] = (this.bytes[index] ?? 0) | set;
			this.#at++;
		}
	}
}

const SUBBANDS = 32;
const TONE_SUBBAND = 2;
/** 1,250 Hz: the middle of the third of 32 bands of 500 Hz. */
const CYCLE = [1, 0, -1, 0];

/** MPEG-1 layer I, 32 kHz, mono, 32 kbit/s (ISO 11172-3 §2.4.1.5): frames of 12 ms and 48 bytes that hold one tone. */
export function layerOneTone(frames: number): Uint8Array {
	const frame = new Bits(new Uint8Array(48));
	frame.write(0xff_ff, 16); // sync, MPEG-1, layer I, no checksum
	frame.write(0b0001_10_0_0, 8); // 32 kbit/s, 32 kHz
	frame.write(0b11_00_0_0_00, 8); // mono
	for (let band = 0; band < SUBBANDS; band++) {
		frame.write(band === TONE_SUBBAND ? 7 : 0, 4); // eight bits a sample
	}
	frame.write(6, 6); // scale factor 0.5
	for (let i = 0; i < 12; i++) {
		const value = CYCLE[i % CYCLE.length] ?? 0;
		frame.write(128 - 1 + value * 100, 8);
	}
	const bytes = new Uint8Array(frames * 48);
	for (let i = 0; i < frames; i++) bytes.set(frame.bytes, i * 48);
	return bytes;
}
