import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { loudness, makeTone } from "../../audio/tones.js";
import { inRealTime } from "../support/in-real-time.js";
import { expectAbout, expectTone, lengthOf, timesOf } from "./hearing.js";
import { it as parityIt } from "./lab.js";

inRealTime();

const TONE_HZ = 500;
const OTHER_HZ = 800;
const BETWEEN_FILES_MS = 250;

const stream = (milliseconds: number, hz: number) =>
	`tone_stream://%(${milliseconds},0,${hz})`;

const it = parityIt.extend(
	"tone",
	{ scope: "file" },
	// a second of TONE_HZ
	({ engines }) => engines.wav(makeTone([TONE_HZ], 1000)),
);

describe.concurrent("playing", () => {
	it("a file tells how much of it was heard", async ({ lab, tone }) => {
		const { endpoint, heard } = await lab.call();
		expect(await endpoint.play(tone)).toEqual({
			playbackSeconds: "1",
			playbackMilliseconds: "1000",
			playbackLastOffsetPos: "8000",
		});
		const samples = await heard();
		expectTone(samples, TONE_HZ, 1000);
		expect(timesOf(samples, TONE_HZ)).toHaveLength(1);
	});

	it("a list plays one after the other and tells of the last", async ({
		lab,
		tone,
	}) => {
		const { endpoint, heard } = await lab.call();
		const list = [tone, "silence_stream://200", stream(200, OTHER_HZ)];
		expect(await endpoint.play(list)).toEqual({
			playbackSeconds: "0",
			playbackMilliseconds: "200",
			playbackLastOffsetPos: "11200",
		});
		const samples = await heard();
		const [first] = timesOf(samples, TONE_HZ);
		const [last] = timesOf(samples, OTHER_HZ);
		expectTone(samples, OTHER_HZ, 200);
		expectAbout(
			(last?.fromMs ?? 0) - (first?.toMs ?? 0),
			BETWEEN_FILES_MS + 200 + BETWEEN_FILES_MS,
		);
	});

	it("a list of files and streams tells where in the last file it ended", async ({
		lab,
		tone,
	}) => {
		const { endpoint } = await lab.call();
		const silence = "silence_stream://200";
		expect(await endpoint.play([silence, tone, tone])).toMatchObject({
			playbackLastOffsetPos: "8000",
		});
		expect(await endpoint.play([tone, tone, silence])).toMatchObject({
			playbackMilliseconds: "200",
			playbackLastOffsetPos: "9600",
		});
	});

	it("that is cut short tells what was read ahead", async ({
		lab,
		engines,
	}) => {
		const { endpoint } = await lab.call();
		const file = await engines.wav(makeTone([TONE_HZ], 4000));
		expect(await endpoint.play({ file, timeoutSecs: 2 })).toEqual({
			playbackSeconds: "2",
			playbackMilliseconds: "2048",
			playbackLastOffsetPos: "16000",
		});
		expect(
			await endpoint.play({ file, timeoutSecs: 2, seekOffset: 8000 }),
		).toMatchObject({
			playbackMilliseconds: "2048",
			playbackLastOffsetPos: "24000",
		});
	});

	it("begins at an offset in samples", async ({ lab, tone }) => {
		const { endpoint, heard } = await lab.call();
		expect(await endpoint.play({ file: tone, seekOffset: 4000 })).toEqual({
			playbackSeconds: "0",
			playbackMilliseconds: "500",
			playbackLastOffsetPos: "8000",
		});
		expectTone(await heard(), TONE_HZ, 500);
	});

	it("a tone stream repeats as often as it says", async ({ lab }) => {
		const { endpoint, heard } = await lab.call();
		const beats = `tone_stream://%(200,400,${TONE_HZ});loops=3`;
		expect(await endpoint.play(beats)).toMatchObject({
			playbackMilliseconds: "1800",
		});
		const times = timesOf(await heard(), TONE_HZ);
		expect(times).toHaveLength(3);
		expectAbout((times[2]?.fromMs ?? 0) - (times[0]?.fromMs ?? 0), 1200);
	});

	it("a silence stream lasts as long as it says", async ({ lab }) => {
		const { endpoint, heard } = await lab.call();
		const before = performance.now();
		expect(await endpoint.play("silence_stream://500")).toMatchObject({
			playbackMilliseconds: "500",
		});
		expectAbout(performance.now() - before, 500);
		expect(loudness(await heard())).toBeLessThan(0.002);
	});

	it("ends at a time-out", async ({ lab }) => {
		const { endpoint, heard } = await lab.call();
		const before = performance.now();
		const file = stream(8000, TONE_HZ);
		const { playbackMilliseconds } = await endpoint.play({
			file,
			timeoutSecs: 2,
		});
		expectAbout(performance.now() - before, 2000);
		expect(playbackMilliseconds).toBe("2048");
		expectTone(await heard(), TONE_HZ, 2000);
	});

	it("what is not there fails, and the call goes on", async ({
		engines,
		lab,
	}) => {
		const { endpoint, heard } = await lab.call();
		await expect(endpoint.play(engines.file("none.wav"))).rejects.toThrow(
			"File Not Found",
		);
		await endpoint.play(stream(200, TONE_HZ));
		expectTone(await heard(), TONE_HZ, 200);
	});

	it("a list goes on after a file that is not there", async ({
		engines,
		lab,
	}) => {
		const { endpoint, heard } = await lab.call();
		const list = [engines.file("none.wav"), stream(200, TONE_HZ)];
		expect(await endpoint.play(list)).toMatchObject({
			playbackMilliseconds: "200",
		});
		expectTone(await heard(), TONE_HZ, 200);
	});
});

describe.concurrent("while a sound plays", () => {
	it("uuid_break ends it", async ({ lab }) => {
		const { endpoint, heard } = await lab.call();
		const playing = endpoint.play(stream(8000, TONE_HZ));
		await sleep(700);
		const answer = await endpoint.api("uuid_break", [endpoint.uuid, "all"]);
		expect(answer.getBody()).toBe("+OK\n");
		const { playbackMilliseconds, playbackLastOffsetPos } = await playing;
		// Whole blocks of 16,384 samples, as read ahead.
		expect(playbackMilliseconds).toBe("2048");
		const heardMs = lengthOf(await heard(), TONE_HZ);
		expectAbout(heardMs, 700);
		expectAbout(Number(playbackLastOffsetPos) / 8, heardMs);
	});

	it("uuid_break ends it as it begins, if it is said until then", async ({
		lab,
	}) => {
		const { endpoint } = await lab.call();
		let isOver = false;
		const playing = endpoint.play(stream(8000, TONE_HZ)).then(() => {
			isOver = true;
		});
		for (let times = 0; times < 10 && !isOver; times++) {
			await endpoint.api("uuid_break", endpoint.uuid);
			await sleep(100);
		}
		expect(isOver).toBe(true);
		await playing;
	});

	it("uuid_break ends one sound of a list", async ({ lab }) => {
		const { endpoint, heard } = await lab.call();
		const playing = endpoint.play([
			stream(8000, TONE_HZ),
			stream(300, OTHER_HZ),
		]);
		await sleep(500);
		await endpoint.api("uuid_break", endpoint.uuid);
		await playing;
		const samples = await heard();
		expectTone(samples, TONE_HZ, 500);
		expectTone(samples, OTHER_HZ, 300);
	});

	it("a variable is set at once", async ({ lab }) => {
		const { endpoint } = await lab.call();
		const order: string[] = [];
		const playing = endpoint
			.play(stream(800, TONE_HZ))
			.then(() => order.push("play"));
		await sleep(200);
		await endpoint.set({ color: "green" }).then(() => order.push("set"));
		await playing;
		expect(order).toEqual(["set", "play"]);
	});

	it("another one is heard in its place, and then the rest of the first", async ({
		lab,
	}) => {
		const { endpoint, heard } = await lab.call();
		const order: string[] = [];
		const first = endpoint
			.play(stream(1200, TONE_HZ))
			.then(() => order.push("first"));
		await sleep(400);
		const second = endpoint
			.play(stream(400, OTHER_HZ))
			.then(() => order.push("second"));
		await Promise.all([first, second]);
		expect(order).toEqual(["second", "first"]);
		const samples = await heard();
		const [before, after] = timesOf(samples, TONE_HZ);
		const [between] = timesOf(samples, OTHER_HZ);
		expectAbout((before?.toMs ?? 0) - (before?.fromMs ?? 0), 400);
		expectAbout((between?.toMs ?? 0) - (between?.fromMs ?? 0), 400);
		expectAbout((between?.fromMs ?? 0) - (before?.toMs ?? 0), 0);
		expectAbout((after?.fromMs ?? 0) - (between?.toMs ?? 0), 0);
		expectAbout((after?.toMs ?? 0) - (after?.fromMs ?? 0), 800);
	});

	it("its beginning and its end are told", async ({ lab, tone }) => {
		const { endpoint } = await lab.call();
		const told: (string | null)[][] = [];
		for (const name of ["PLAYBACK_START", "PLAYBACK_STOP"])
			endpoint.conn.on(`esl::event::${name}::*`, (event) =>
				told.push([
					name,
					event.getHeader("Playback-File-Path"),
					event.getHeader("Playback-Status"),
				]),
			);
		const broken = stream(8000, TONE_HZ);
		await endpoint.play(tone);
		const playing = endpoint.play(broken);
		await sleep(200);
		await endpoint.api("uuid_break", endpoint.uuid);
		await playing;
		expect(told).toEqual([
			["PLAYBACK_START", tone, null],
			["PLAYBACK_STOP", tone, "done"],
			["PLAYBACK_START", broken, null],
			["PLAYBACK_STOP", broken, "break"],
		]);
	});
});

describe.concurrent("speaking", () => {
	it("is heard, in the voice that is asked for", async ({
		engines,
		lab,
		skip,
	}) => {
		const flite = await engines.media.api("module_exists mod_flite");
		skip(flite === "false", "this FreeSWITCH has no mod_flite");
		const { endpoint, heard } = await lab.call();
		const before = performance.now();
		await endpoint.speak({
			ttsEngine: "flite",
			voice: "slt",
			text: "Press one for apples.",
		});
		const tookMs = performance.now() - before;
		expect(tookMs).toBeGreaterThan(1000);
		expect(tookMs).toBeLessThan(3500);
		expect(loudness(await heard())).toBeGreaterThan(0.01);
	});
});
