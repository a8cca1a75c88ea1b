import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeSound } from "../../audio/decode.js";
import { makeTone, toneLevel } from "../../audio/tones.js";
import { encodeWav } from "../../audio/wav.js";

const hasSox = spawnSync("sox", ["--version"]).error === undefined;

// A reader and writer of wav files that nobody here wrote.
describe.skipIf(!hasSox)("sox", () => {
	let folder = "";
	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), "flowdial-sox-"));
	});
	afterAll(() => rmSync(folder, { recursive: true }));

	it("hears in each channel of our wav what was put there", () => {
		const [left, right] = [makeTone([440], 1000), makeTone([1000], 1000)];
		const samples = Int16Array.from({ length: left.length * 2 }, (_, n) =>
			Number((n % 2 ? right : left)[Math.floor(n / 2)]),
		);
		const path = join(folder, "ours.wav");
		writeFileSync(
			path,
			encodeWav({ sampleRateHz: 8000, channels: 2, samples }),
		);
		for (const [channel, hz] of [
			["1", 440],
			["2", 1000],
		] as const) {
			const { stderr } = spawnSync(
				"sox",
				[path, "-n", "remix", channel, "stat"],
				{ encoding: "utf8" },
			);
			const value = (name: string) =>
				Number(new RegExp(`^${name}:\\s+(\\S+)$`, "m").exec(stderr)?.[1]);
			expect(value("Length \\(seconds\\)")).toBe(1);
			expect(Math.abs(value("Rough\\s+frequency") / hz - 1)).toBeLessThan(0.1);
		}
	});

	it.each([
		["-r44100", "-b16", "-c2"],
		["-r48000", "-b24", "-c1"],
		["-r16000", "-b32", "-c2"],
		["-r11025", "-b8", "-c1"],
	])("writes what we can read: %s %s %s", async (rate, bits, channels) => {
		const path = join(folder, "theirs.wav");
		const synth = ["synth", "1", "sine", "700", "gain", "-6"];
		execFileSync("sox", ["-n", rate, bits, channels, path, ...synth]);
		const samples = await decodeSound(readFileSync(path));
		expect(Math.abs(samples.length - 8000)).toBeLessThan(10);
		expect(toneLevel(samples, 700)).toBeGreaterThan(0.2);
		expect(toneLevel(samples, 1400)).toBeLessThan(0.02);
	});
});
