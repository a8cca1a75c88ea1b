import { spawn } from "node:child_process";
import { once } from "node:events";
import {
	copyFile,
	readdir,
	readFile,
	rm,
	stat,
	truncate,
	utimes,
	writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { makeTone } from "../../audio/tones.js";
import { parseWav } from "../../audio/wav.js";
import { systemClock } from "../../core/clock.js";
import { SoundCache } from "../../media/sound-cache.js";
import { newFolder } from "./folder.js";

const tone = makeTone([1000], 1000);
const TONE_BYTES = 44 + tone.byteLength;
const HOUR_MS = 3_600_000;

/** A cache of its own on `dir`, as after a restart, at a time that the test sets. */
function cacheAt(dir: string, maxBytes = 1e9) {
	const time = { now: Date.now() };
	const now = () => time.now;
	const clock = { ...systemClock, now, monotonic: now };
	return { cache: new SoundCache({ dir, maxBytes, clock }), time };
}

describe("the cache of sounds", () => {
	it("keeps a sound as a wav of 8 kHz, mono, 16 bits", async () => {
		const { cache, time } = cacheAt(await newFolder());
		const kept = await cache.keep("a", tone);
		expect(kept).toMatchObject({ durationMs: 1000, madeAt: time.now });
		expect(await cache.find("a")).toEqual(kept);
		expect(parseWav(await readFile(kept.path))).toEqual({
			sampleRateHz: 8000,
			channels: 1,
			samples: tone,
		});
	});

	it("finds it again after a restart", async () => {
		const dir = await newFolder();
		const { path } = await cacheAt(dir).cache.keep("a", tone);
		expect(await cacheAt(dir).cache.find("a")).toMatchObject({
			path,
			durationMs: 1000,
		});
		expect(await cacheAt(dir).cache.find("b")).toBeNull();
	});

	it("knows after a restart when it was made", async () => {
		const dir = await newFolder();
		const { cache, time } = cacheAt(dir);
		time.now -= 5 * HOUR_MS;
		await cache.keep("a", tone);
		const found = await cacheAt(dir).cache.find("a");
		expect(found?.madeAt).toBeCloseTo(time.now, 0);
	});

	it.each([
		"../../x",
		"/etc/passwd",
		// biome-ignore lint/suspicious/noTemplateCurlyInString: it is FreeSWITCH that would expand it
		"${system reboot}",
		"a\nb\0c",
		"é".repeat(5000),
	])("lets nothing of the key %j into the file's name", async (key) => {
		const dir = await newFolder();
		const { cache } = cacheAt(dir);
		const { path } = await cache.keep(key, tone);
		expect(path.slice(dir.length)).toMatch(/^\/[0-9a-f]{64}\.wav$/);
		expect(await readdir(dir)).toHaveLength(1);
	});

	it("replaces a sound that is made anew", async () => {
		const { cache } = cacheAt(await newFolder());
		const first = await cache.keep("a", tone);
		const second = await cache.keep("a", makeTone([500], 2000));
		expect(second).toMatchObject({ path: first.path, durationMs: 2000 });
		expect(await cache.find("a")).toEqual(second);
	});
});

/** A file that was just seen is not looked for again. */
const LOOKED_FOR_AGAIN_MS = 1_000;

describe("a damaged file counts as missing", () => {
	const damages: [string, (path: string) => Promise<void>][] = [
		["gone", (path) => rm(path)],
		["cut short", (path) => truncate(path, 500)],
		["empty", (path) => truncate(path, 0)],
		["longer than it was", (path) => writeFile(path, "more", { flag: "a" })],
		[
			"of the same length, but without its header",
			(path) => writeFile(path, Buffer.alloc(TONE_BYTES)),
		],
	];
	it.each(damages)("when it is %s", async (_, damage) => {
		const dir = await newFolder();
		const { cache, time } = cacheAt(dir);
		const { path } = await cache.keep("a", tone);
		await damage(path);
		await utimes(path, 1, 1).catch(() => {});
		time.now += LOOKED_FOR_AGAIN_MS;
		expect(await cache.find("a")).toBeNull();
		expect(await cacheAt(dir).cache.find("a")).toBeNull();
		await cache.keep("a", tone);
		expect(await cache.find("a")).not.toBeNull();
	});

	it("when it is another one of another length", async () => {
		const { cache, time } = cacheAt(await newFolder());
		const { path } = await cache.keep("a", tone);
		const other = await cache.keep("b", makeTone([1000], 500));
		await copyFile(other.path, path);
		time.now += LOOKED_FOR_AGAIN_MS;
		expect(await cache.find("a")).toBeNull();
	});

	it("when the whole folder is gone", async () => {
		const dir = await newFolder();
		const { cache, time } = cacheAt(dir);
		await cache.keep("a", tone);
		await rm(dir, { recursive: true });
		time.now += LOOKED_FOR_AGAIN_MS;
		expect(await cache.find("a")).toBeNull();
		await cache.keep("a", tone);
		expect(await cache.find("a")).not.toBeNull();
	});
});

describe("a full cache", () => {
	it("lets the longest unused sounds go", async () => {
		const dir = await newFolder();
		const { cache, time } = cacheAt(dir, 3 * TONE_BYTES);
		for (const key of ["a", "b", "c"]) await cache.keep(key, tone);
		time.now += 2 * HOUR_MS;
		await cache.find("a");
		time.now += 2 * HOUR_MS;
		await cache.keep("d", tone);
		expect(await readdir(dir)).toHaveLength(3);
		expect(await cache.find("b")).toBeNull();
		for (const key of ["a", "c", "d"])
			expect(await cache.find(key)).not.toBeNull();
	});

	it("remembers the order of use over a restart", async () => {
		const dir = await newFolder();
		const first = cacheAt(dir);
		for (const key of ["a", "b"]) {
			first.time.now += HOUR_MS;
			await first.cache.keep(key, tone);
		}
		first.time.now += HOUR_MS;
		await first.cache.find("a");
		const second = cacheAt(dir, 2 * TONE_BYTES);
		second.time.now = first.time.now + 2 * HOUR_MS;
		await second.cache.keep("c", tone);
		expect(await second.cache.find("b")).toBeNull();
		expect(await second.cache.find("a")).not.toBeNull();
	});

	it("keeps what was used within the last hour, even beyond its limit", async () => {
		const dir = await newFolder();
		const { cache, time } = cacheAt(dir, TONE_BYTES);
		for (const key of ["a", "b", "c"]) await cache.keep(key, tone);
		expect(await readdir(dir)).toHaveLength(3);
		time.now += 2 * HOUR_MS;
		await cache.keep("d", tone);
		expect(await readdir(dir)).toHaveLength(1);
		expect(await cache.find("d")).not.toBeNull();
	});
});

describe("a killed process", () => {
	it("leaves whole files, and temporary ones that the next start removes", async () => {
		const dir = await newFolder();
		const script = fileURLToPath(new URL("./cache-writer.js", import.meta.url));
		for (let round = 0; round < 5; round++) {
			const writer = spawn(process.execPath, [script, dir], {
				stdio: ["ignore", "pipe", "inherit"],
			});
			await once(writer.stdout, "data");
			// At another point of the writing each time.
			await new Promise((resolve) => setTimeout(resolve, round * 3));
			writer.kill("SIGKILL");
			await once(writer, "exit");
		}
		for (const name of await readdir(dir))
			if (name.endsWith(".wav"))
				expect((await stat(join(dir, name))).size).toBe(44 + 20_000 * 16);
		await writeFile(join(dir, "notes.txt"), "not ours");
		await writeFile(join(dir, `${crypto.randomUUID()}.tmp`), "half a sound");
		const { cache } = cacheAt(dir);
		expect(await cache.find("sound 0")).toMatchObject({ durationMs: 20_000 });
		const names = await readdir(dir);
		expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
		expect(names).toContain("notes.txt");
	});
});
