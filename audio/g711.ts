/** ITU-T G.711: one byte per sample at 8 kHz. */
export type Law = "mu" | "a";

/** Tables to and from 16-bit linear samples. */
export interface G711 {
	/** 256 entries, indexed by the byte. */
	readonly toLinear: Int16Array;
	/** 65,536 entries, indexed by sample + 32,768. */
	readonly fromLinear: Uint8Array;
}

/** Added before the segment is searched, so that each segment starts at a power of two. */
const MU_BIAS = 132;
const MU_CLIP = 32_635;

function muToLinear(byte: number): number {
	const bits = ~byte & 0xff;
	const magnitude =
		((((bits & 0x0f) << 3) + MU_BIAS) << ((bits & 0x70) >> 4)) - MU_BIAS;
	return bits & 0x80 ? -magnitude : magnitude;
}

function linearToMu(sample: number): number {
	const sign = sample < 0 ? 0x80 : 0;
	const biased = Math.min(MU_CLIP, Math.abs(sample)) + MU_BIAS;
	const segment = 24 - Math.clz32(biased);
	return ~(sign | (segment << 4) | ((biased >> (segment + 3)) & 0x0f)) & 0xff;
}

function aToLinear(byte: number): number {
	const bits = byte ^ 0x55;
	const segment = (bits & 0x70) >> 4;
	const step = (bits & 0x0f) << 4;
	const magnitude = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
	return bits & 0x80 ? magnitude : -magnitude;
}

function linearToA(sample: number): number {
	const mask = sample >= 0 ? 0xd5 : 0x55;
	const magnitude = (sample >= 0 ? sample : -sample - 1) >> 3;
	const segment = Math.max(0, 27 - Math.clz32(magnitude));
	const step = (magnitude >> Math.max(1, segment)) & 0x0f;
	return ((segment << 4) | step) ^ mask;
}

function tables(
	toLinear: (byte: number) => number,
	fromLinear: (sample: number) => number,
): G711 {
	return {
		toLinear: Int16Array.from({ length: 256 }, (_, byte) => toLinear(byte)),
		fromLinear: Uint8Array.from({ length: 65_536 }, (_, index) =>
			fromLinear(index - 32_768),
		),
	};
}

export const g711: Readonly<Record<Law, G711>> = {
	mu: tables(muToLinear, linearToMu),
	a: tables(aToLinear, linearToA),
};

/** What a byte of silence is in each law. */
export const silenceByte: Readonly<Record<Law, number>> = { mu: 0xff, a: 0xd5 };

/** Encodes `samples` into `bytes` from `offset`. */
export function encodeG711(
	law: Law,
	samples: Int16Array,
	bytes: Uint8Array,
	offset = 0,
): void {
	const { fromLinear } = g711[law];
	for (let i = 0; i < samples.length; i++) {
		// Both indexes are inside their arrays: a sample is -32,768 to 32,767.
		bytes[offset + i] = fromLinear[(samples[i] as number) + 32_768] as number;
	}
}

export function decodeG711(law: Law, bytes: Uint8Array): Int16Array {
	const { toLinear } = g711[law];
	// A byte is always one of the table's 256 indexes.
	return Int16Array.from(bytes, (byte) => toLinear[byte] as number);
}
