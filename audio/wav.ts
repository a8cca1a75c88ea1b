import { AudioError } from "./audio-error.js";
import { decodeG711 } from "./g711.js";

/** A wav file's sound. */
export interface Wav {
	sampleRateHz: number;
	channels: number;
	/** One sample of each channel, then the next of each. */
	samples: Int16Array;
}

export const WAV_HEADER_BYTES = 44;
/** What a writer that cannot seek puts where a length belongs. */
export const UNKNOWN_LENGTH = 0xffff_ffff;

const PCM = 1;
const FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;
/** The real format stands in the first two bytes of the sub-format. */
const EXTENSIBLE = 0xfffe;
const HIGHEST_RATE_HZ = 384_000;
const MOST_CHANNELS = 32;

interface Format {
	code: number;
	channels: number;
	sampleRateHz: number;
	bits: number;
}

export function isWav(bytes: Uint8Array): boolean {
	const name = text(bytes, 0);
	return (name === "RIFF" || name === "RF64") && text(bytes, 8) === "WAVE";
}

/**
 * Reads PCM of 8, 16, 24 and 32 bits, 32 and 64-bit float and G.711 of any rate.
 * Lengths in the headers are believed only as far as there are bytes. Throws an AudioError that says what is wrong.
 */
export function parseWav(bytes: Uint8Array): Wav {
	if (!isWav(bytes)) {
		throw new AudioError(
			"not a wav file: it does not begin with RIFF and WAVE",
		);
	}
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	let format: Format | undefined;
	let offset = 12;
	while (offset + 8 <= bytes.length) {
		const name = text(bytes, offset);
		const size = view.getUint32(offset + 4, true);
		const body = bytes.subarray(offset + 8, offset + 8 + size);
		if (name === "fmt ") format = parseFormat(body);
		if (name === "data") {
			if (!format) {
				throw new AudioError("a wav file needs its fmt chunk before its data");
			}
			const { channels, sampleRateHz } = format;
			return { sampleRateHz, channels, samples: decode(format, body) };
		}
		// Chunks are padded to an even length; the pad byte is not counted (RIFF, 1991).
		offset += 8 + size + (size & 1);
	}
	throw new AudioError("the wav file holds no data chunk");
}

function parseFormat(chunk: Uint8Array): Format {
	if (chunk.length < 16) {
		throw new AudioError(
			`the wav file's fmt chunk has ${chunk.length} bytes; 16 are needed`,
		);
	}
	const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
	const named = view.getUint16(0, true);
	const extended = named === EXTENSIBLE && chunk.length >= 26;
	const format = {
		code: extended ? view.getUint16(24, true) : named,
		channels: view.getUint16(2, true),
		sampleRateHz: view.getUint32(4, true),
		bits: view.getUint16(14, true),
	};
	if (format.channels === 0 || format.channels > MOST_CHANNELS) {
		throw new AudioError(
			`the wav file claims ${format.channels} channels; 1 to ${MOST_CHANNELS} can be read`,
		);
	}
	if (format.sampleRateHz === 0 || format.sampleRateHz > HIGHEST_RATE_HZ) {
		throw new AudioError(
			`the wav file claims ${format.sampleRateHz} Hz; 1 to ${HIGHEST_RATE_HZ} can be read`,
		);
	}
	return format;
}

function decode(format: Format, data: Uint8Array): Int16Array {
	const { code, bits, channels } = format;
	if (code === MU_LAW || code === A_LAW) {
		const law = code === MU_LAW ? "mu" : "a";
		return decodeG711(law, data.subarray(0, wholeFrames(data, channels)));
	}
	const read = code === PCM || code === FLOAT ? reader(code, bits) : undefined;
	if (!read) {
		throw new AudioError(
			`the wav file's format is ${code} with ${bits} bits; PCM of 8, 16, 24 or 32 bits, float and G.711 can be read`,
		);
	}
	const width = bits / 8;
	const length = wholeFrames(data, width * channels);
	const view = new DataView(data.buffer, data.byteOffset, length);
	const samples = new Int16Array(length / width);
	for (let i = 0; i < samples.length; i++) samples[i] = read(view, i * width);
	return samples;
}

/** Bytes of the data that make up whole frames; a file that was cut off ends within one. */
const wholeFrames = (data: Uint8Array, frameBytes: number): number =>
	data.length - (data.length % frameBytes);

/** Reads one sample as 16 bits; undefined where the width is not one that can be read. */
function reader(
	code: number,
	bits: number,
): ((view: DataView, at: number) => number) | undefined {
	switch (`${code}/${bits}`) {
		// 8-bit samples are unsigned, wider ones signed.
		case `${PCM}/8`:
			return (view, at) => (view.getUint8(at) - 128) << 8;
		case `${PCM}/16`:
			return (view, at) => view.getInt16(at, true);
		case `${PCM}/24`:
			return (view, at) => view.getInt16(at + 1, true);
		case `${PCM}/32`:
			return (view, at) => view.getInt16(at + 2, true);
		case `${FLOAT}/32`:
			return (view, at) => fromFloat(view.getFloat32(at, true));
		case `${FLOAT}/64`:
			return (view, at) => fromFloat(view.getFloat64(at, true));
		default:
			return undefined;
	}
}

/** -1 to 1 as 16 bits; what is louder is clipped, what is no number is silence. */
export function fromFloat(value: number): number {
	const clipped = Math.max(-1, Math.min(1, value)) || 0;
	return Math.round(clipped * 32_767);
}

/** One channel out of several: their mean. */
export function mixDown({ channels, samples }: Wav): Int16Array {
	if (channels === 1) return samples;
	const mono = new Int16Array(samples.length / channels);
	for (let i = 0; i < mono.length; i++) {
		let sum = 0;
		for (let channel = 0; channel < channels; channel++) {
			// The index is below mono.length * channels = samples.length.
			sum += samples[i * channels + channel] as number;
		}
		mono[i] = Math.round(sum / channels);
	}
	return mono;
}

/** The samples of one channel (0 = left). */
export function channelOf(wav: Wav, channel: number): Int16Array {
	return wav.samples.filter((_, i) => i % wav.channels === channel);
}

/** The first 44 bytes of a 16-bit PCM file; without `dataBytes`, of one whose length is not known yet. */
export function wavHeader(
	format: { sampleRateHz: number; channels: number },
	dataBytes = UNKNOWN_LENGTH,
): Uint8Array {
	const { sampleRateHz, channels } = format;
	const bytes = new Uint8Array(WAV_HEADER_BYTES);
	const view = new DataView(bytes.buffer);
	const name = (at: number, letters: string) =>
		bytes.set(Buffer.from(letters, "latin1"), at);
	name(0, "RIFF");
	view.setUint32(4, Math.min(UNKNOWN_LENGTH, dataBytes + 36), true);
	name(8, "WAVEfmt ");
	view.setUint32(16, 16, true);
	view.setUint16(20, PCM, true);
	view.setUint16(22, channels, true);
	view.setUint32(24, sampleRateHz, true);
	view.setUint32(28, sampleRateHz * channels * 2, true);
	view.setUint16(32, channels * 2, true);
	view.setUint16(34, 16, true);
	name(36, "data");
	view.setUint32(40, Math.min(UNKNOWN_LENGTH, dataBytes), true);
	return bytes;
}

/** A whole 16-bit PCM file. */
export function encodeWav({
	sampleRateHz,
	channels,
	samples,
}: Wav): Uint8Array {
	const bytes = new Uint8Array(WAV_HEADER_BYTES + samples.length * 2);
	bytes.set(wavHeader({ sampleRateHz, channels }, samples.length * 2));
	const view = new DataView(bytes.buffer, WAV_HEADER_BYTES);
	samples.forEach((sample, i) => {
		view.setInt16(i * 2, sample, true);
	});
	return bytes;
}

function text(bytes: Uint8Array, offset: number): string {
	return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}
