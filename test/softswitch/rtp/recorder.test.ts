import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { channelOf, parseWav } from "../../../audio/wav.js";
import type { RecordOptions } from "../../../softswitch/rtp/media.js";
import { Recorder } from "../../../softswitch/rtp/recorder.js";

let folder = "";
let files = 0;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "recorder-"));
});
afterAll(() => rm(folder, { recursive: true }));

const stereo: RecordOptions = {
	stereo: true,
	readOnly: false,
	onlyArrived: false,
};
const mono: RecordOptions = { ...stereo, stereo: false };

function record(options: RecordOptions) {
	const path = join(folder, `${files++}.wav`);
	let ends = 0;
	const recorder = new Recorder(path, options, () => ends++);
	const frame = (heard: number, said: number, arrived = true) =>
		recorder.frame(
			new Int16Array(160).fill(heard),
			arrived,
			new Int16Array(160).fill(said),
		);
	const finish = async () => {
		recorder.stop();
		const end = await recorder.done;
		expect(ends).toBe(1);
		const wav = parseWav(await readFile(path));
		expect(wav.samples.length).toBe(end.samples * wav.channels);
		return { ...end, wav };
	};
	return { recorder, frame, finish };
}

/** The first sample of each 20 ms. */
const firsts = (samples: Int16Array) =>
	[...samples].filter((_, i) => i % 160 === 0);

describe("Recorder", () => {
	it("writes what is heard left and what is said right", async () => {
		const { frame, finish } = record(stereo);
		frame(100, 7);
		frame(200, 8);
		const { wav, ...end } = await finish();
		expect(end).toEqual({ samples: 320, by: "stopped" });
		expect(firsts(channelOf(wav, 0))).toEqual([100, 200]);
		expect(firsts(channelOf(wav, 1))).toEqual([7, 8]);
	});

	it("mixes both into mono, clipped", async () => {
		const { frame, finish } = record(mono);
		frame(100, 7);
		frame(30_000, 30_000);
		frame(-30_000, -30_000);
		const { wav } = await finish();
		expect(firsts(wav.samples)).toEqual([107, 32_767, -32_768]);
	});

	it("leaves out what is said where only the far end is wanted", async () => {
		const { frame, finish } = record({ ...mono, readOnly: true });
		frame(100, 7);
		expect(firsts((await finish()).wav.samples)).toEqual([100]);
	});

	it("writes silence for what did not arrive, or nothing where that is wanted", async () => {
		const all = record({ ...mono, readOnly: true });
		const arrived = record({ ...mono, readOnly: true, onlyArrived: true });
		for (const { frame } of [all, arrived]) {
			frame(1, 0);
			frame(0, 0, false);
			frame(3, 0);
		}
		expect(firsts((await all.finish()).wav.samples)).toEqual([1, 0, 3]);
		expect(firsts((await arrived.finish()).wav.samples)).toEqual([1, 3]);
	});

	it("writes silence while it is masked, on both sides", async () => {
		const { recorder, frame, finish } = record(stereo);
		frame(1, 1);
		recorder.mask(true);
		frame(2, 2);
		recorder.mask(false);
		frame(3, 3);
		const { wav } = await finish();
		expect(firsts(channelOf(wav, 0))).toEqual([1, 0, 3]);
		expect(firsts(channelOf(wav, 1))).toEqual([1, 0, 3]);
	});

	it("ends at its limit, which time counts towards even where nothing arrives", async () => {
		const { frame, finish } = record({ ...mono, onlyArrived: true, maxMs: 60 });
		frame(1, 0);
		frame(2, 0, false);
		frame(3, 0);
		frame(4, 0);
		const { wav, by } = await finish();
		expect(by).toBe("limit");
		expect(firsts(wav.samples)).toEqual([1, 3]);
	});

	it("ends after so much silence in a row", async () => {
		const silence = { threshold: 50, forMs: 60 };
		const { frame, finish } = record({ ...mono, readOnly: true, silence });
		for (const loudness of [0, 0, 100, 0, 49, 0, 77]) frame(loudness, 0);
		const { wav, by } = await finish();
		expect(by).toBe("silence");
		expect(firsts(wav.samples)).toEqual([0, 0, 100, 0, 49, 0]);
	});

	it("stays as long as the call where the clock was held up", async () => {
		const { recorder, frame, finish } = record(stereo);
		frame(1, 1);
		recorder.skip(3);
		frame(2, 2);
		const { wav } = await finish();
		expect(firsts(channelOf(wav, 1))).toEqual([1, 0, 0, 0, 2]);
	});

	it("rejects when it cannot be written, and ends by itself", async () => {
		let ends = 0;
		const path = join(folder, "none", "x.wav");
		const recorder = new Recorder(path, mono, () => ends++);
		const frame = new Int16Array(160);
		await expect
			.poll(() => {
				recorder.frame(frame, true, frame);
				return ends;
			})
			.toBe(1);
		await expect(recorder.done).rejects.toThrow(/ENOENT/);
	});
});
