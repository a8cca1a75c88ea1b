import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { makeTone } from "../../audio/tones.js";
import { encodeWav, wavHeader } from "../../audio/wav.js";
import { createRecordings, type Recordings } from "../../media/recordings.js";
import { newFolder } from "./folder.js";

const callId = "0b4b1d5e-95a5-4b0c-9d35-2f7a4c9a6a10";
/** Two seconds, both sides. */
const stereo = { sampleRateHz: 8000, channels: 2 };
const wav = encodeWav({ ...stereo, samples: makeTone([1000], 4000) });

let dir: string;
let recordings: Recordings;
beforeEach(async () => {
	dir = join(await newFolder(), "deep", "recordings");
	recordings = await createRecordings(dir);
});

describe("recordings", () => {
	it("are a file for each attempt, which no other writes over", async () => {
		const [first, second] = [1, 2].map((n) => recordings.pathOf(callId, n));
		expect(second).toBe(join(dir, `${callId}-2.wav`));
		await writeFile(first ?? "", wav);
		expect(await recordings.find(callId, 1)).toMatchObject({ path: first });
		expect(await recordings.find(callId, 2)).toBeNull();
	});

	it("have a folder that is there and a path made of the call's id alone", async () => {
		expect((await stat(dir)).isDirectory()).toBe(true);
		expect(recordings.pathOf(callId, 1)).toBe(join(dir, `${callId}.wav`));
	});

	it.each([
		"",
		"..",
		"../secret",
		`${callId}/../x`,
		`${callId}\n`,
		"a".repeat(36),
		callId.toUpperCase(),
	])("take nothing but a UUID for the id of a call (%j)", async (id) => {
		expect(() => recordings.pathOf(id, 1)).toThrow("UUID");
		expect(await recordings.find(id, 1)).toBeNull();
	});

	it("tell their size and duration", async () => {
		await writeFile(recordings.pathOf(callId, 1), wav);
		expect(await recordings.find(callId, 1)).toEqual({
			path: recordings.pathOf(callId, 1),
			bytes: wav.length,
			durationMs: 2000,
		});
	});

	it("that are not there are not found", async () => {
		expect(await recordings.find(callId, 1)).toBeNull();
	});

	it.each([
		["an empty file", Buffer.alloc(0)],
		["a header without sound", wavHeader(stereo, 0)],
		["half a header", wavHeader(stereo).subarray(0, 30)],
		["no wav", Buffer.from("nothing of the kind".repeat(10))],
		[
			"a wav of no speed",
			Buffer.concat([
				wavHeader({ sampleRateHz: 0, channels: 2 }, 100),
				Buffer.alloc(100),
			]),
		],
	])("that hold %s are not found", async (_, bytes) => {
		await writeFile(recordings.pathOf(callId, 1), bytes);
		expect(await recordings.find(callId, 1)).toBeNull();
	});

	it.each([
		["no length", wavHeader(stereo)],
		["a length of nothing", wavHeader(stereo, 0)],
		["a length beyond its end", wavHeader(stereo, 10_000_000)],
	])(
		"that were cut off and claim %s last as long as there is sound",
		async (_, header) => {
			await writeFile(
				recordings.pathOf(callId, 1),
				Buffer.concat([header, wav.subarray(44)]),
			);
			expect(await recordings.find(callId, 1)).toMatchObject({
				durationMs: 2000,
			});
		},
	);

	it("may hold other chunks before the sound", async () => {
		const list = Buffer.from("LIST\x05\0\0\0INFOx\0", "latin1");
		const bytes = Buffer.concat([wav.subarray(0, 36), list, wav.subarray(36)]);
		await writeFile(recordings.pathOf(callId, 1), bytes);
		expect(await recordings.find(callId, 1)).toMatchObject({
			durationMs: 2000,
		});
	});

	it("are removed, as often as wanted", async () => {
		await writeFile(recordings.pathOf(callId, 2), wav);
		expect(await recordings.look(callId, 2)).toEqual({
			bytes: wav.length,
			modifiedAt: expect.closeTo(Date.now(), -5),
		});
		for (let time = 1; time <= 2; time++) await recordings.remove(callId, 2);
		expect(await recordings.find(callId, 2)).toBeNull();
		expect(await recordings.look(callId, 2)).toBeNull();
	});

	it("are named some at a time, and nothing else that lies there", async () => {
		const attempts = [1, 2, 10, 11, 999];
		for (const attempt of attempts)
			await writeFile(recordings.pathOf(callId, attempt), "");
		const others = ["x.wav", `${callId}.mp3`, `${callId}-1.wav`];
		for (const other of [...others, `${callId}-02.wav`, `x${callId}.wav`])
			await writeFile(join(dir, other), "");
		const named = [];
		for await (const some of recordings.names(2)) {
			expect(some.length).toBeLessThanOrEqual(2);
			named.push(...some);
		}
		const numbers = named.map(({ attempt }) => attempt);
		expect(numbers.sort((a, b) => a - b)).toEqual(attempts);
		expect(new Set(named.map((name) => name.callId))).toEqual(
			new Set([callId]),
		);
	});

	it("report what is wrong with the disk", async () => {
		await mkdir(recordings.pathOf(callId, 1));
		await expect(recordings.find(callId, 1)).rejects.toThrow("EISDIR");
	});
});
