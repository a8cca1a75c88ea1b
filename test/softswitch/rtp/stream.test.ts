import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loudness, makeTone, toneLevel } from "../../../audio/tones.js";
import type { RecordOptions } from "../../../softswitch/rtp/media.js";
import { inRealTime } from "../../support/in-real-time.js";
import {
	fromFirstSound,
	kinds,
	listen,
	openFarEnd,
	openPair,
	openStream,
	readChannels,
	startEngine,
	temporaryFolder,
} from "./engines.js";

inRealTime();

const stereo: RecordOptions = {
	stereo: true,
	readOnly: false,
	onlyArrived: false,
};
const tone = (frequencyHz: number, durationMs = 300) =>
	({ kind: "pcm", samples: makeTone([frequencyHz], durationMs) }) as const;
const endless = (frequency: number) =>
	({
		kind: "tones",
		tones: [{ onMs: 1000, offMs: 0, frequenciesHz: [frequency], volume: 0.3 }],
		loops: -1,
	}) as const;

describe.each(kinds)("a media stream %s", (kind) => {
	it.each([0, 8] as const)(
		"plays to the far end in payload type %i, packet by packet",
		async (payloadType) => {
			const farEnd = await openFarEnd();
			const stream = await openStream(startEngine(kind));
			stream.configure(farEnd.remote({ payloadType }));
			const end = await stream.play(tone(440)).done;
			expect(end).toEqual({ samples: 2400, by: "end" });
			await expect.poll(() => farEnd.arrived.length).toBe(15);
			const law = payloadType === 0 ? "mu" : "a";
			expect(toneLevel(farEnd.sound(law), 440)).toBeCloseTo(0.3, 1);
			farEnd.arrived.forEach((packet, i) => {
				const first = farEnd.arrived[0];
				expect(packet).toMatchObject({
					payloadType,
					marker: i === 0,
					sequence: ((first?.sequence ?? 0) + i) & 0xffff,
					timestamp: ((first?.timestamp ?? 0) + i * 160) >>> 0,
				});
				expect(packet.payload.length).toBe(160);
			});
		},
	);

	it("marks the first packet after a pause, its timestamp moved on by the clock", async () => {
		const farEnd = await openFarEnd();
		const stream = await openStream(startEngine(kind));
		stream.configure(farEnd.remote());
		await stream.play(tone(440, 40)).done;
		await new Promise((resolve) => setTimeout(resolve, 100));
		await stream.play(tone(440, 40)).done;
		await expect.poll(() => farEnd.arrived.length).toBe(4);
		expect(farEnd.arrived.map(({ marker }) => marker)).toEqual([
			true,
			false,
			true,
			false,
		]);
		const [, before, after] = farEnd.arrived;
		const pause = ((after?.timestamp ?? 0) - (before?.timestamp ?? 0)) >>> 0;
		expect(pause).toBeGreaterThanOrEqual(5 * 160);
		expect(pause % 160).toBe(0);
	});

	it("records the far end left and itself right, in time with each other", async () => {
		const path = join(await temporaryFolder(), "both.wav");
		const [one, other] = await openPair(startEngine(kind));
		const recording = one.record(path, stereo);
		// Both begin at once.
		const plays = [one.play(tone(440, 400)), other.play(tone(1000, 400))];
		await Promise.all(plays.map(({ done }) => done));
		await new Promise((resolve) => setTimeout(resolve, 150));
		recording.stop();
		const { samples, by } = await recording.done;
		expect(by).toBe("stopped");
		const [left, right] = await readChannels(path);
		if (!left || !right) throw new Error("not stereo");
		expect([left.length, right.length]).toEqual([samples, samples]);
		const [heard, said] = [fromFirstSound(left), fromFirstSound(right)];
		expect(toneLevel(heard.subarray(0, 3040), 1000)).toBeGreaterThan(0.2);
		expect(toneLevel(said.subarray(0, 3040), 440)).toBeGreaterThan(0.25);
		expect(toneLevel(left, 440)).toBeLessThan(0.01);
		expect(toneLevel(right, 1000)).toBeLessThan(0.01);
		// What is heard waits 60 ms for packets that are on their way, and up to 20 ms for its turn.
		const shiftMs = (said.length - heard.length) / 8;
		expect(shiftMs).toBeGreaterThanOrEqual(40);
		expect(shiftMs).toBeLessThanOrEqual(200);
	});

	it("lets the newest play be heard and the one below go on", async () => {
		const farEnd = await openFarEnd();
		const stream = await openStream(startEngine(kind));
		stream.configure(farEnd.remote());
		const below = stream.play(tone(440, 200));
		const above = stream.play(tone(1000, 100));
		await above.done;
		await below.done;
		await expect.poll(() => farEnd.arrived.length).toBe(15);
		const sound = farEnd.sound();
		expect(toneLevel(sound.subarray(0, 800), 1000)).toBeCloseTo(0.3, 1);
		expect(toneLevel(sound.subarray(800), 440)).toBeCloseTo(0.3, 1);
	});

	it("stops a play when it is told to, and every play when it is closed", async () => {
		const stream = await openStream(startEngine(kind));
		const [stopped, closed] = [
			stream.play(endless(440)),
			stream.play(endless(440)),
		];
		stopped.stop();
		expect((await stopped.done).by).toBe("stopped");
		stream.close();
		expect((await closed.done).by).toBe("closed");
		expect((await stream.play(endless(440)).done).by).toBe("closed");
	});

	it("says nothing to a far end that is not to hear it, while its plays run on", async () => {
		const farEnd = await openFarEnd();
		const stream = await openStream(startEngine(kind));
		for (const direction of ["inactive", "recvonly"] as const) {
			stream.configure(farEnd.remote({ direction }));
			expect((await stream.play(tone(440, 60)).done).by).toBe("end");
		}
		stream.configure(farEnd.remote({ port: 0 }));
		await stream.play(tone(440, 60)).done;
		expect((await stream.stats()).packetsSent).toBe(0);
		expect(farEnd.arrived).toEqual([]);
	});

	it("takes its own address in the far end's SDP for hold", async () => {
		const stream = await openStream(startEngine(kind));
		const farEnd = await openFarEnd();
		stream.configure(farEnd.remote({ port: stream.port }));
		await stream.play(tone(440, 60)).done;
		const { packetsSent, packetsReceived } = await stream.stats();
		expect([packetsSent, packetsReceived]).toEqual([0, 0]);
		stream.configure(farEnd.remote());
		await stream.play(tone(440, 60)).done;
		await expect.poll(() => farEnd.arrived.length).toBe(3);
	});

	it("mutes either side", async () => {
		const [one, other] = await openPair(startEngine(kind));
		one.play(endless(440));
		other.play(endless(1000));
		const levels = async () => {
			const [heard, said] = await listen(one);
			return [
				toneLevel(heard, 1000) > 0.2 || loudness(heard),
				toneLevel(said, 440) > 0.2 || loudness(said),
			];
		};
		const patience = { timeout: 10_000, interval: 1 };
		await expect.poll(levels, patience).toEqual([true, true]);
		one.mute("read", true);
		await expect.poll(levels, patience).toEqual([0, true]);
		one.mute("write", true);
		await expect.poll(levels, patience).toEqual([0, 0]);
		one.mute("read", false);
		one.mute("write", false);
		await expect.poll(levels, patience).toEqual([true, true]);
	});

	it("tells of the first packet once, and counts them all", async () => {
		const [one, other] = await openPair(startEngine(kind));
		await other.play(tone(440)).done;
		await expect
			.poll(() => one.stats())
			.toMatchObject({ packetsReceived: 15, packetsLost: 0, packetsLate: 0 });
		expect((await other.stats()).packetsSent).toBe(15);
		expect(one.firstPackets).toBe(1);
		one.close();
		expect((await one.stats()).packetsReceived).toBe(15);
	});

	it("ends its recordings whole when it is closed, and rejects those that no disk will take", async () => {
		const folder = await temporaryFolder();
		const stream = await openStream(startEngine(kind));
		const whole = stream.record(join(folder, "whole.wav"), stereo);
		const nowhere = stream.record(join(folder, "none", "x.wav"), stereo);
		await expect(nowhere.done).rejects.toThrow(/ENOENT/);
		stream.close();
		expect((await whole.done).by).toBe("closed");
		expect((await readChannels(join(folder, "whole.wav"))).length).toBe(2);
	});

	it("refuses to be described by what no packet can be sent to", async () => {
		const farEnd = await openFarEnd();
		const stream = await openStream(startEngine(kind));
		const wrong = (changes: object) => () =>
			stream.configure(farEnd.remote(changes));
		expect(wrong({ address: "phone.example" })).toThrow(/no IP address/);
		expect(wrong({ port: 70_000 })).toThrow(/no RTP port/);
		expect(wrong({ eventPayloadType: 8 })).toThrow(/no dynamic payload type/);
	});
});
