import { readFile } from "node:fs/promises";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { toneLevel } from "../../audio/tones.js";
import { encodeWav, parseWav } from "../../audio/wav.js";
import { createAudioWorker } from "../../audio/worker.js";
import { systemClock } from "../../core/clock.js";
import { createHttpClient } from "../../core/http.js";
import { silentLog } from "../../core/log.js";
import { createSounds, type SoundsOptions } from "../../media/sounds.js";
import { type Loopback, loopback } from "../core/loopback.js";
import { newFolder } from "./folder.js";
import { toneMp3 } from "./tone-mp3.js";

const audio = createAudioWorker();
afterAll(() => audio.close());

let dir: string;
const time = { now: 0 };
beforeEach(async () => {
	dir = await newFolder();
	time.now = Date.now();
});

const http = createHttpClient({
	allow: { cidrs: ["127.0.0.1/32"], hosts: [] },
});
const clock = { ...systemClock, now: () => time.now };

const soundsWith = (more: Partial<SoundsOptions> = {}) =>
	createSounds({ dir, http, audio, clock, log: silentLog, ...more });

const unusable = { name: "Fault", code: "SOUND_UNUSABLE" };

/** `ms` of 1,000 Hz at half of full scale. */
function toneWav(sampleRateHz: number, channels: number, ms = 500): Uint8Array {
	const frames = (sampleRateHz * ms) / 1000;
	const samples = Int16Array.from({ length: frames * channels }, (_, i) =>
		Math.round(
			16_384 *
				Math.sin(
					(2 * Math.PI * 1000 * Math.floor(i / channels)) / sampleRateHz,
				),
		),
	);
	return encodeWav({ sampleRateHz, channels, samples });
}

const serving = (body: Uint8Array, status = 200): Promise<Loopback> =>
	loopback((_, response) => response.writeHead(status).end(body));

describe("a URL", () => {
	it.each([
		["a wav of 8 kHz, mono", toneWav(8000, 1)],
		["a wav of 8 kHz, stereo", toneWav(8000, 2)],
		["a wav of 16 kHz, mono", toneWav(16_000, 1)],
		["a wav of 44.1 kHz, mono", toneWav(44_100, 1)],
		["a wav of 44.1 kHz, stereo", toneWav(44_100, 2)],
		["a wav of 48 kHz, six channels", toneWav(48_000, 6)],
		["an mp3 of 44.1 kHz", toneMp3],
	])("of %s becomes 8 kHz mono and keeps its tone", async (_, file) => {
		const server = await serving(file);
		const sound = await soundsWith().prepare({ url: `${server.url}/a.bin` });
		const wav = parseWav(await readFile(sound.path));
		expect(wav).toMatchObject({ sampleRateHz: 8000, channels: 1 });
		// An mp3 begins and ends with the encoder's own silence.
		expect(sound.durationMs).toBeGreaterThan(490);
		expect(sound.durationMs).toBeLessThan(620);
		const middle = wav.samples.subarray(1200, 3200);
		expect(toneLevel(middle, 1000)).toBeGreaterThan(0.45);
		expect(toneLevel(middle, 1000)).toBeLessThan(0.55);
		for (const other of [500, 900, 1100, 2000, 3000])
			expect(toneLevel(middle, other)).toBeLessThan(0.02);
	});

	it("is fetched once by all who ask at the same time, and kept for five minutes", async () => {
		const server = await serving(toneWav(8000, 1));
		const sounds = soundsWith();
		const url = `${server.url}/a.wav`;
		await Promise.all(
			Array.from({ length: 20 }, () => sounds.prepare({ url })),
		);
		time.now += 299_000;
		await sounds.prepare({ url });
		await soundsWith().prepare({ url });
		expect(server.requests).toHaveLength(1);
		time.now += 2000;
		await sounds.prepare({ url });
		expect(server.requests).toHaveLength(2);
		await sounds.prepare({ url });
		expect(server.requests).toHaveLength(2);
	});

	it("that has changed is heard anew after five minutes", async () => {
		let ms = 500;
		const server = await loopback((_, response) =>
			response.end(toneWav(8000, 1, ms)),
		);
		const sounds = soundsWith();
		expect(await sounds.prepare({ url: server.url })).toMatchObject({
			durationMs: 500,
		});
		ms = 800;
		time.now += 301_000;
		expect(await sounds.prepare({ url: server.url })).toMatchObject({
			durationMs: 800,
		});
	});

	it("that fails for a while is heard as it was, for up to a day", async () => {
		let status = 200;
		const server = await loopback((_, response) =>
			response.writeHead(status).end(toneWav(8000, 1)),
		);
		const sounds = soundsWith();
		await sounds.prepare({ url: server.url });
		status = 503;
		time.now += 301_000;
		expect(await sounds.prepare({ url: server.url })).toMatchObject({
			durationMs: 500,
		});
		expect(server.requests).toHaveLength(2);
		time.now += 86_400_000;
		await expect(sounds.prepare({ url: server.url })).rejects.toMatchObject({
			code: "FETCH_FAILED",
		});
	});

	it("follows a redirect", async () => {
		const server = await loopback((request, response) => {
			if (request.url === "/there") response.end(toneWav(8000, 1));
			else response.writeHead(302, { location: "/there" }).end();
		});
		expect(await soundsWith().prepare({ url: server.url })).toMatchObject({
			durationMs: 500,
		});
	});

	it.each([204, 301, 404, 500])(
		"that answers %d cannot be had",
		async (status) => {
			const server = await serving(new Uint8Array(), status);
			await expect(
				soundsWith().prepare({ url: server.url }),
			).rejects.toMatchObject({
				code: status === 204 ? "SOUND_UNUSABLE" : "FETCH_FAILED",
			});
		},
	);

	it.each([
		["nothing", Buffer.alloc(0)],
		["an HTML page", Buffer.from("<html>Not found</html>")],
		["noise", Buffer.from("4e6f6973650a".repeat(100), "hex")],
		["the header of a wav", toneWav(8000, 1).subarray(0, 30)],
		["the header of an mp3", toneMp3.subarray(0, 12)],
	])("that holds %s cannot be played", async (_, body) => {
		const server = await serving(body);
		await expect(
			soundsWith().prepare({ url: server.url }),
		).rejects.toMatchObject(unusable);
	});

	it("that is larger than the limit is not read to its end", async () => {
		const server = await serving(toneWav(44_100, 2, 5000));
		const sounds = soundsWith({ limits: { maxBytes: 100_000 } });
		await expect(sounds.prepare({ url: server.url })).rejects.toMatchObject({
			code: "FETCH_FAILED",
			message: expect.stringContaining("larger than 100000 bytes"),
		});
	});

	it("that takes too long is given up", async () => {
		const server = await loopback(() => {});
		const sounds = soundsWith({ limits: { timeoutMs: 100 } });
		await expect(sounds.prepare({ url: server.url })).rejects.toMatchObject({
			code: "FETCH_FAILED",
			message: expect.stringContaining("within 0.1 s"),
		});
	});

	it.each([
		"http://127.0.0.2:1/a.wav",
		"http://[::1]:1/a.wav",
		"http://169.254.169.254/a.wav",
		"file:///etc/passwd",
		"data:audio/wav;base64,UklGRg==",
		"http://user:password@127.0.0.1/a.wav",
		"/etc/passwd",
		"",
	])("that may not be reached is refused (%s)", async (url) => {
		await expect(soundsWith().prepare({ url })).rejects.toMatchObject({
			code: "ADDRESS_REFUSED",
		});
	});

	it("that redirects to where it may not is refused", async () => {
		const server = await loopback((_, response) =>
			response.writeHead(302, { location: "http://127.0.0.2:1/" }).end(),
		);
		await expect(
			soundsWith().prepare({ url: server.url }),
		).rejects.toMatchObject({
			code: "ADDRESS_REFUSED",
		});
	});
});
