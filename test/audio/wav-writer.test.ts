import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseWav } from "../../audio/wav.js";
import { WavWriter } from "../../audio/wav-writer.js";

const stereo = { sampleRateHz: 8000, channels: 2 };
let folder = "";

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "wav-writer-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("WavWriter", () => {
	it("writes what it is given, over many blocks, and puts the header right at the end", async () => {
		const path = join(folder, "whole.wav");
		const writer = new WavWriter(path, stereo);
		const frame = Int16Array.from({ length: 320 }, (_, i) => i * 100 - 16_000);
		for (let i = 0; i < 500; i++) writer.write(frame);
		await writer.close();
		const bytes = await readFile(path);
		expect(bytes.readUInt32LE(40)).toBe(500 * 640);
		const { samples, ...format } = parseWav(bytes);
		expect(format).toEqual(stereo);
		expect(samples.length).toBe(500 * 320);
		for (let i = 0; i < 500; i++) {
			expect(samples.subarray(i * 320, (i + 1) * 320)).toEqual(frame);
		}
		expect(writer.samples).toBe(500 * 160);
	});

	it("leaves a file that can be read when nothing was written", async () => {
		const path = join(folder, "empty.wav");
		await new WavWriter(path, stereo).close();
		expect(parseWav(await readFile(path)).samples.length).toBe(0);
	});

	it("rejects at close when the folder is not there, and throws nowhere else", async () => {
		const writer = new WavWriter(join(folder, "none", "x.wav"), stereo);
		writer.write(new Int16Array(100_000));
		await expect(writer.close()).rejects.toThrow(/ENOENT/);
	});

	it.skipIf(!existsSync("/dev/full"))(
		"rejects at close when the disk is full",
		async () => {
			const writer = new WavWriter("/dev/full", stereo);
			writer.write(new Int16Array(100_000));
			await expect(writer.close()).rejects.toThrow(/ENOSPC/);
			expect(writer.failure?.message).toMatch(/ENOSPC/);
		},
	);

	it("gives up rather than keep more than the disk can take", async () => {
		const writer = new WavWriter(join(folder, "slow.wav"), stereo);
		// All in one turn: nothing can be written meanwhile.
		for (let i = 0; i < 200; i++) writer.write(new Int16Array(16_000));
		expect(writer.failure?.message).toMatch(/too slow/);
		await expect(writer.close()).rejects.toThrow(/too slow/);
	});
});
