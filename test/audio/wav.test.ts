import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AudioError } from "../../audio/audio-error.js";
import {
	channelOf,
	encodeWav,
	mixDown,
	parseWav,
	UNKNOWN_LENGTH,
	wavHeader,
} from "../../audio/wav.js";

interface Chunk {
	name: string;
	body: Buffer;
	size?: number;
}

function riff(...chunks: Chunk[]): Buffer {
	const parts = chunks.map(({ name, body, size = body.length }) => {
		const head = Buffer.alloc(8);
		head.write(name, 0, "latin1");
		head.writeUInt32LE(size, 4);
		return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
	});
	return Buffer.concat([Buffer.from("RIFF\0\0\0\0WAVE"), ...parts]);
}

function format(
	code: number,
	bits: number,
	{ channels = 1, sampleRateHz = 8000 } = {},
): Chunk {
	const body = Buffer.alloc(16);
	body.writeUInt16LE(code, 0);
	body.writeUInt16LE(channels, 2);
	body.writeUInt32LE(sampleRateHz, 4);
	body.writeUInt16LE(bits, 14);
	return { name: "fmt ", body };
}

const data = (...bytes: number[]): Chunk => ({
	name: "data",
	body: Buffer.from(bytes),
});
const samplesOf = (...chunks: Chunk[]) => [
	...parseWav(riff(...chunks)).samples,
];

describe("parseWav", () => {
	it.each<[string, number, number, number[], number[]]>([
		["8-bit PCM", 1, 8, [0, 128, 255], [-32_768, 0, 32_512]],
		["16-bit PCM", 1, 16, [1, 0, 255, 255], [1, -1]],
		["24-bit PCM", 1, 24, [9, 1, 0, 9, 255, 255], [1, -1]],
		["32-bit PCM", 1, 32, [9, 9, 1, 0], [1]],
		["32-bit float", 3, 32, [0, 0, 0, 0x3f], [16_384]],
		["64-bit float", 3, 64, [0, 0, 0, 0, 0, 0, 0xe0, 0xbf], [-16_383]],
		["mu-law", 7, 8, [0xff, 0x00], [0, -32_124]],
		["A-law", 6, 8, [0xd5, 0xaa], [8, 32_256]],
	])("reads %s", (_name, code, bits, bytes, samples) => {
		expect(samplesOf(format(code, bits), data(...bytes))).toEqual(samples);
	});

	it("clips floats beyond full scale and takes what is no number for silence", () => {
		const body = Buffer.alloc(12);
		body.writeFloatLE(4, 0);
		body.writeFloatLE(-4, 4);
		body.writeFloatLE(Number.NaN, 8);
		const samples = samplesOf(format(3, 32), { name: "data", body });
		expect(samples).toEqual([32_767, -32_767, 0]);
	});

	it("reads the extensible format by its sub-format", () => {
		const extensible = format(0xfffe, 16);
		extensible.body = Buffer.concat([extensible.body, Buffer.alloc(24)]);
		extensible.body.writeUInt16LE(1, 24);
		expect(samplesOf(extensible, data(5, 0))).toEqual([5]);
	});

	it("passes over chunks that it does not know, of odd length too", () => {
		const odd = { name: "LIST", body: Buffer.from("odd") };
		expect(samplesOf(odd, format(1, 16), odd, data(5, 0), odd)).toEqual([5]);
	});

	it.each([UNKNOWN_LENGTH, 0x7fff_ffff, 100])(
		"believes a data length of %i only as far as there are bytes",
		(size) => {
			const chunk = { ...data(1, 0, 2, 0, 3, 0), size };
			const cutOff = riff(format(1, 16), chunk).subarray(0, -1);
			expect([...parseWav(cutOff).samples]).toEqual([1, 2]);
		},
	);

	it.each<[RegExp, Buffer]>([
		[/does not begin with RIFF/, Buffer.from("ID3")],
		[/no data chunk/, riff(format(1, 16))],
		[/fmt chunk before/, riff(data(0, 0))],
		[/0 channels/, riff(format(1, 16, { channels: 0 }), data(0, 0))],
		[/0 Hz/, riff(format(1, 16, { sampleRateHz: 0 }), data(0, 0))],
		[/format is 17 with 4 bits/, riff(format(17, 4), data(0, 0))],
		[/format is 1 with 12 bits/, riff(format(1, 12), data(0, 0))],
		[/fmt chunk has 2 bytes/, riff({ name: "fmt ", body: Buffer.alloc(2) })],
	])("says what is wrong: %s", (message, bytes) => {
		expect(() => parseWav(bytes)).toThrow(AudioError);
		expect(() => parseWav(bytes)).toThrow(message);
	});

	it("fails on nothing but an AudioError, whatever the bytes", () => {
		const whole = riff(format(1, 16, { channels: 2 }), data(1, 2, 3, 4));
		const change = fc.record({
			at: fc.nat(whole.length - 1),
			byte: fc.nat(255),
		});
		const changes = fc.array(change, { maxLength: 12 });
		fc.assert(
			fc.property(changes, fc.nat(whole.length), (list, length) => {
				const bytes = Buffer.from(whole);
				for (const { at, byte } of list) bytes[at] = byte;
				try {
					const wav = parseWav(bytes.subarray(0, length));
					expect(wav.samples.length % wav.channels).toBe(0);
					expect(wav.samples.length).toBeLessThanOrEqual(whole.length);
				} catch (error) {
					expect(error).toBeInstanceOf(AudioError);
				}
			}),
		);
	});
});

describe("a wav that was written", () => {
	it("reads as it was", () => {
		const sound = fc.record({
			sampleRateHz: fc.integer({ min: 1, max: 96_000 }),
			channels: fc.constant(2),
			samples: fc
				.array(fc.integer({ min: -32_768, max: 32_767 }))
				.map((list) => Int16Array.from([...list, ...list])),
		});
		fc.assert(
			fc.property(sound, (wav) => {
				expect(parseWav(encodeWav(wav))).toEqual(wav);
			}),
		);
	});

	it("has a header of unknown length until that is known", () => {
		const header = wavHeader({ sampleRateHz: 8000, channels: 1 });
		const bytes = Buffer.concat([header, Buffer.from([7, 0])]);
		expect([...parseWav(bytes).samples]).toEqual([7]);
	});
});

describe("channels", () => {
	const wav = {
		sampleRateHz: 8000,
		channels: 2,
		samples: Int16Array.of(10, 20, 30, 50),
	};

	it("are taken apart", () => {
		expect([...channelOf(wav, 0)]).toEqual([10, 30]);
		expect([...channelOf(wav, 1)]).toEqual([20, 50]);
	});

	it("are mixed down to their mean", () => {
		expect([...mixDown(wav)]).toEqual([15, 40]);
	});
});
