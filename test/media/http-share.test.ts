import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Address, HttpShare } from "../../media/http-share.js";
import { ManualClock } from "../support/manual-clock.js";

let folder = "";
let clock: ManualClock;
let share: HttpShare;
const DAY_MS = 86_400_000;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "share-"));
	onTestFinished(() => rm(folder, { recursive: true }));
	for (const name of ["sounds", "recordings"]) mkdirSync(join(folder, name));
	clock = new ManualClock();
	share = await newShare();
});
const newShare = () =>
	HttpShare.open({
		...{ base: "http://192.0.2.1:3000", dataDir: folder, clock },
		secret: new Uint8Array(32),
	});
const sound = () => join(folder, "sounds", "abc.wav");
const recording = () => join(folder, "recordings", "def-2.wav");
const parts = () => join(folder, "recordings", "parts");
function partsOf(url: string): Address {
	const [, expires, signature, kind, name] =
		/^http:\/\/192\.0\.2\.1:3000\/media\/(\d+)\/([\w-]+)\/(\w+)\/([\w.-]+)$/.exec(
			url,
		) as string[] as [string, string, string, string, string]; // or the test fails
	return { expires, signature, folder: kind, name };
}
const body = (text: string) => Readable.from([Buffer.from(text)]);

describe("a sound", () => {
	it("has an address that stays for a day, and is good for another", async () => {
		const url = share.sound(sound());
		const address = partsOf(url);
		expect(share.soundAt(address)).toBe(sound());
		await clock.advance(DAY_MS - 1);
		expect(share.sound(sound())).toBe(url);
		await clock.advance(1);
		expect(share.sound(sound())).not.toBe(url);
		expect(share.soundAt(address)).toBe(sound());
		await clock.advance(DAY_MS);
		expect(share.soundAt(address)).toBeNull();
	});

	it.each([
		["another name", { name: "xyz.wav" }],
		["another folder", { folder: "recordings" }],
		["a folder that is not shared", { folder: "postgres" }],
		["a path", { name: "../abc.wav" }],
		["a longer time", { expires: "99999999999" }],
		["another signature", { signature: "AAAA" }],
		["no signature", { signature: "" }],
		["a signature beyond ASCII", { signature: "é".repeat(43) }],
	])("is not had by %s", (_, change) => {
		const address = partsOf(share.sound(sound()));
		expect(share.soundAt({ ...address, ...change })).toBeNull();
	});

	it("is no address for what lies elsewhere", () => {
		expect(() => share.sound("/etc/passwd")).toThrow(
			"no folder that is shared",
		);
	});
});

describe("a recording", () => {
	it("comes whole to its path, and is awaited until it does", async () => {
		const address = partsOf(share.recording(recording()));
		let isHere = false;
		const arrived = share.arrived(recording()).then(() => {
			isHere = true;
		});
		await clock.advance(29_000);
		expect(isHere).toBe(false);
		expect(await share.receive(address, body("RIFF"))).toBe(true);
		await arrived;
		expect(readFileSync(recording(), "utf8")).toBe("RIFF");
	});

	it("is awaited for half a minute in which nothing of it comes", async () => {
		share.recording(recording());
		const arrived = share.arrived(recording());
		await clock.advance(30_000);
		await arrived;
	});

	it("is awaited as long as some of it comes, and then broken off", async () => {
		const address = partsOf(share.recording(recording()));
		const body = new PassThrough();
		const received = share.receive(address, body);
		const refused = expect(received).rejects.toThrow();
		let isOver = false;
		const arrived = share.arrived(recording()).then(() => {
			isOver = true;
		});
		for (let minute = 0; minute < 5; minute++) {
			await clock.advance(29_000);
			await new Promise((resolve) => body.write("RIFF", resolve));
			await clock.advance(29_000);
			await new Promise((resolve) => body.write("RIFF", resolve));
		}
		expect(isOver).toBe(false);
		await clock.advance(30_000);
		await arrived;
		await refused;
		expect(existsSync(recording())).toBe(false);
		expect(readdirSync(parts())).toEqual([]);
	});

	it("that hardly comes is awaited no longer than is asked for", async () => {
		const address = partsOf(share.recording(recording()));
		const arrived = share.arrived(recording(), 2_000);
		await clock.advance(2_000);
		await arrived;
		expect(await share.receive(address, body("RIFF"))).toBe(false);
	});

	it("that was coming when the process was killed is gone after its next start", async () => {
		writeFileSync(join(parts(), "def-2.wav"), "RIFF");
		await newShare();
		expect(readdirSync(parts())).toEqual([]);
	});

	it("is taken only where it is awaited, at its own address", async () => {
		const address = partsOf(share.recording(recording()));
		expect(await (await newShare()).receive(address, body("RIFF"))).toBe(false);
		const other = { ...address, name: "other.wav" };
		expect(await share.receive(other, body("RIFF"))).toBe(false);
		const read = partsOf(share.sound(sound()));
		expect(await share.receive(read, body("RIFF"))).toBe(false);
		writeFileSync(sound(), "");
		expect(share.soundAt(address)).toBeNull();
	});

	it("that breaks off leaves nothing behind", async () => {
		const address = partsOf(share.recording(recording()));
		const broken = new Readable({
			read() {
				this.push("RIFF");
				this.destroy(new Error("gone"));
			},
		});
		await expect(share.receive(address, broken)).rejects.toThrow("gone");
		expect(existsSync(recording())).toBe(false);
		expect(readdirSync(parts())).toEqual([]);
		await share.arrived(recording());
	});
});
