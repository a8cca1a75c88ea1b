import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { loudness } from "../../audio/tones.js";
import { inRealTime } from "../support/in-real-time.js";
import { hum, keysIn, pressAloud } from "../support/pin-phone.js";
import type { DtmfEvent, Endpoint } from "./fsmrf.js";
import {
	expectAbout,
	expectTone,
	lengthOf,
	recorded,
	timesOf,
} from "./hearing.js";
import { it } from "./lab.js";

inRealTime();

const TONE_HZ = 500;
const OTHER_HZ = 800;
const stream = (milliseconds: number, hz: number) =>
	`tone_stream://%(${milliseconds},0,${hz})`;

describe.concurrent("record", () => {
	it("writes what comes in until its time is over", async ({
		engines,
		lab,
	}) => {
		const { endpoint, phone } = await lab.call();
		void phone.play(stream(8000, TONE_HZ));
		await sleep(300);
		const file = engines.file("record.wav");
		const result = await endpoint.record(file, { timeLimitSecs: 2 });
		const samples = await recorded(file);
		expect(result.terminatorUsed).toBeNull();
		expect(Number(result.recordSamples)).toBe(samples.length);
		const ms = Number(result.recordMilliseconds);
		expect(ms).toBe(Math.floor(samples.length / 8));
		expect(Number(result.recordSeconds)).toBe(Math.floor(ms / 1000));
		// FreeSWITCH compares whole seconds of the clock.
		expect(ms).toBeGreaterThan(2000 * 0.8);
		expect(ms).toBeLessThan(3000 + 500);
		expectTone(samples, TONE_HZ, ms);
	});

	it("ends when the phone falls silent", async ({ engines, lab }) => {
		const { endpoint, phone } = await lab.call();
		void phone
			.play(stream(1000, TONE_HZ))
			.then(() => phone.play("silence_stream://8000"));
		const file = engines.file("record.wav");
		const before = performance.now();
		await endpoint.record(file, {
			timeLimitSecs: 10,
			silenceThresh: 200,
			silenceHits: 1,
		});
		const tookMs = performance.now() - before;
		expectAbout(tookMs, 2000);
		const samples = await recorded(file);
		expectTone(samples, TONE_HZ, 1000);
	});

	it("ends at a terminator", async ({ engines, lab }) => {
		const { endpoint, phone } = await lab.call();
		await endpoint.set({ playback_terminators: "#" });
		const file = engines.file("record.wav");
		const recording = endpoint.record(file, { timeLimitSecs: 10 });
		void phone.play(stream(8000, TONE_HZ));
		await sleep(700);
		await phone.press("#");
		const result = await recording;
		expect(result.terminatorUsed).toBe("#");
		expectAbout(Number(result.recordMilliseconds), 700);
	});

	it("ends at uuid_break", async ({ engines, lab }) => {
		const { endpoint, phone } = await lab.call();
		const file = engines.file("record.wav");
		const recording = endpoint.record(file, { timeLimitSecs: 10 });
		void phone.play(stream(8000, TONE_HZ));
		await sleep(700);
		await endpoint.api("uuid_break", endpoint.uuid);
		const result = await recording;
		expectAbout(Number(result.recordMilliseconds), 700);
	});
});

/** `uuid_record`; its answer. */
async function record(
	endpoint: Endpoint,
	verb: string,
	file: string,
): Promise<string> {
	const words = [endpoint.uuid, verb, file];
	return (await endpoint.api("uuid_record", words)).getBody();
}

describe.concurrent("recording a call", () => {
	it("in stereo has the phone left and what it hears right, and nothing while masked", async ({
		engines,
		lab,
	}) => {
		const { endpoint, phone } = await lab.call();
		const file = engines.file("session.wav");
		void phone.play(stream(8000, OTHER_HZ));
		await endpoint.set({ RECORD_STEREO: true });
		expect(await record(endpoint, "start", file)).toBe("+OK Success\n");
		await endpoint.play(stream(800, TONE_HZ));
		expect(await record(endpoint, "mask", file)).toBe("+OK Success\n");
		await endpoint.play(stream(800, TONE_HZ));
		expect(await record(endpoint, "unmask", file)).toBe("+OK Success\n");
		await endpoint.play(stream(800, TONE_HZ));
		expect(await record(endpoint, "stop", file)).toBe("+OK Success\n");
		const [left, right] = [await recorded(file, 0), await recorded(file, 1)];
		expectAbout(left.length / 8, 2400);
		for (const [channel, hz, other] of [
			[left, OTHER_HZ, TONE_HZ],
			[right, TONE_HZ, OTHER_HZ],
		] as const) {
			expectTone(channel, other, 0);
			expectTone(channel, hz, 1600);
			const times = timesOf(channel, hz);
			expect(times).toHaveLength(2);
			const [before, after] = times;
			expectAbout((after?.fromMs ?? 0) - (before?.toMs ?? 0), 800);
		}
		expect(loudness(left.subarray(9600, 10_400))).toBeLessThan(0.002);
	});

	it("has nothing of what comes while it is paused, and is so much shorter", async ({
		engines,
		lab,
	}) => {
		const { endpoint, phone } = await lab.call();
		const file = engines.file("session.wav");
		await endpoint.set({ RECORD_STEREO: true });
		void endpoint.play("silence_stream://20000");
		await record(endpoint, "start", file);
		await hum(phone, OTHER_HZ, 800);
		// FreeSWITCH is behind what it hears by as much
		await sleep(1_000);
		expect(await record(endpoint, "pause", file)).toBe("+OK Success\n");
		await hum(phone, TONE_HZ, 800);
		await sleep(1_000);
		expect(await record(endpoint, "resume", file)).toBe("+OK Success\n");
		await hum(phone, OTHER_HZ, 800);
		await sleep(1_000);
		expect(await record(endpoint, "stop", file)).toBe("+OK Success\n");
		const left = await recorded(file, 0);
		expectTone(left, TONE_HZ, 0);
		expectTone(left, OTHER_HZ, 1600);
		expectAbout(left.length / 8, 3600);
	});

	it("tells digits while it is masked, and has nothing of their tones", async ({
		expect,
		engines,
		lab,
	}) => {
		const { endpoint, phone } = await lab.call();
		let told = "";
		endpoint.on("dtmf", ({ dtmf }: DtmfEvent) => {
			told += dtmf;
		});
		const file = engines.file("session.wav");
		await record(endpoint, "start", file);
		await hum(phone, OTHER_HZ, 800);
		// FreeSWITCH is behind what it hears by as much
		await sleep(1_000);
		expect(await record(endpoint, "mask", file)).toBe("+OK Success\n");
		await pressAloud(phone, "8392");
		await expect.poll(() => told).toBe("8392");
		await sleep(500);
		expect(await record(endpoint, "unmask", file)).toBe("+OK Success\n");
		await pressAloud(phone, "57");
		await hum(phone, OTHER_HZ, 800);
		await sleep(1_000);
		expect(await record(endpoint, "stop", file)).toBe("+OK Success\n");
		const samples = await recorded(file);
		expect(keysIn(samples)).toBe("57");
		expectTone(samples, OTHER_HZ, 1600);
	});

	it("in mono has both in one", async ({ engines, lab }) => {
		const { endpoint, phone } = await lab.call();
		const file = engines.file("session.wav");
		void phone.play(stream(8000, OTHER_HZ));
		await record(endpoint, "start", file);
		await endpoint.play(stream(800, TONE_HZ));
		await record(endpoint, "stop", file);
		const samples = await recorded(file);
		expectTone(samples, TONE_HZ, 800);
		expectTone(samples, OTHER_HZ, 800);
	});

	it("is refused for what is not being recorded", async ({ engines, lab }) => {
		const { endpoint } = await lab.call();
		const file = engines.file("session.wav");
		expect(await record(endpoint, "stop", file)).toBe(
			"-ERR Cannot stop record session!\n",
		);
		expect(await record(endpoint, "mask", file)).toMatch(/^-ERR/);
		expect(await record(endpoint, "pause", file)).toMatch(/^-ERR/);
	});

	it("is whole when the call is over", async ({ expect, engines, lab }) => {
		const { endpoint } = await lab.call();
		const file = engines.file("session.wav");
		await record(endpoint, "start", file);
		await endpoint.play(stream(600, TONE_HZ));
		const closed = new Promise((resolve) =>
			endpoint.conn.on("esl::end", resolve),
		);
		await endpoint.destroy();
		await closed;
		const lengthMs = async () => lengthOf(await recorded(file), TONE_HZ);
		await expect.poll(lengthMs).toBeGreaterThan(350);
	});

	it("may be begun and ended by applications", async ({ engines, lab }) => {
		const { endpoint } = await lab.call();
		const file = engines.file("session.wav");
		await endpoint.execute("record_session", file);
		await endpoint.play(stream(600, TONE_HZ));
		await endpoint.execute("stop_record_session", file);
		const samples = await recorded(file);
		expectTone(samples, TONE_HZ, 600);
	});
});
