import { MPEGDecoder } from "mpg123-decoder";
import { AudioError } from "./audio-error.js";
import { resampleToTelephone } from "./resample.js";
import { fromFloat } from "./wav.js";

/** Decoded at a time, so that a file of silence at a low bit rate cannot fill the memory before its length is known. */
const STEP_BYTES = 16_384;
/** ID3v2 §3.1: the tag's size in four bytes of seven bits, after ten of header. */
const ID3_HEADER_BYTES = 10;

/** Whether the bytes begin like an mp3: an ID3 tag, or the frame sync of an MPEG audio layer. */
export function isMp3(bytes: Uint8Array): boolean {
	const [first = 0, second = 0, third = 0] = bytes;
	const tagged = first === 0x49 && second === 0x44 && third === 0x33;
	// ISO 11172-3 §2.4.1.3: eleven set bits, then version and layer, of which layer 0 is reserved.
	const synced =
		first === 0xff && (second & 0xe0) === 0xe0 && (second & 6) !== 0;
	return bytes.length > ID3_HEADER_BYTES && (tagged || synced);
}

/** Decodes MPEG audio to 8 kHz mono; throws an AudioError where nothing can be decoded or it lasts too long. Blocks: run it in a worker. */
export async function decodeMp3(
	bytes: Uint8Array,
	longestSeconds: number,
): Promise<Int16Array> {
	const decoder = new MPEGDecoder();
	await decoder.ready;
	try {
		const pieces: Int16Array[] = [];
		let samples = 0;
		let sampleRateHz = 0;
		for (let at = 0; at < bytes.length; at += STEP_BYTES) {
			const decoded = decoder.decode(bytes.subarray(at, at + STEP_BYTES));
			if (decoded.samplesDecoded === 0) continue;
			sampleRateHz ||= decoded.sampleRate;
			samples += decoded.samplesDecoded;
			if (decoded.sampleRate !== sampleRateHz) {
				throw new AudioError("the mp3 changes its sample rate on the way");
			}
			if (samples > longestSeconds * sampleRateHz) {
				throw new AudioError(
					`the mp3 lasts longer than ${longestSeconds} seconds`,
				);
			}
			pieces.push(mono(decoded.channelData, decoded.samplesDecoded));
		}
		if (samples === 0) {
			throw new AudioError("the mp3 holds no frame that can be decoded");
		}
		return resampleToTelephone(join(pieces, samples), sampleRateHz);
	} finally {
		decoder.free();
	}
}

/** The decoder gives two channels, of which a mono file's are the same. */
function mono(
	[left, right]: readonly Float32Array[],
	length: number,
): Int16Array {
	const samples = new Int16Array(length);
	for (let i = 0; i < length; i++) {
		const one = left?.[i] ?? 0;
		samples[i] = fromFloat((one + (right?.[i] ?? one)) / 2);
	}
	return samples;
}

function join(pieces: Int16Array[], samples: number): Int16Array {
	const joined = new Int16Array(samples);
	let at = 0;
	for (const piece of pieces) {
		joined.set(piece, at);
		at += piece.length;
	}
	return joined;
}
