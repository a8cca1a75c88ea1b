import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeTone, toneLevel } from "../../../audio/tones.js";
import {
	kinds,
	openPair,
	openStream,
	readChannels,
	startEngine,
	temporaryFolder,
} from "./engines.js";

const tone = (frequencyHz: number, durationMs: number) =>
	({ kind: "pcm", samples: makeTone([frequencyHz], durationMs) }) as const;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const heardOnly = { stereo: false, readOnly: true, onlyArrived: false };

/** Two phones, each on a leg of the switch; the second speaks A-law. */
async function twoCalls(kind: (typeof kinds)[number]) {
	const engine = startEngine(kind);
	const [alice, aliceLeg] = await openPair(engine);
	const [bob, bobLeg] = await openPair(engine, { payloadType: 8 });
	return { engine, alice, aliceLeg, bob, bobLeg };
}

describe.each(kinds)("a bridge %s", (kind) => {
	it("lets each hear the other, over both laws, and no longer when it is parted", async () => {
		const folder = await temporaryFolder();
		const { alice, aliceLeg, bob, bobLeg } = await twoCalls(kind);
		aliceLeg.bridge(bobLeg);
		const record = (name: string) => [
			alice.record(join(folder, `alice-${name}.wav`), heardOnly),
			bob.record(join(folder, `bob-${name}.wav`), heardOnly),
		];
		const finish = async (recordings: ReturnType<typeof record>) => {
			for (const recording of recordings) recording.stop();
			await Promise.all(recordings.map(({ done }) => done));
		};
		const plays = [alice.play(tone(440, 900)), bob.play(tone(1000, 900))];
		await pause(300);
		const bridged = record("bridged");
		await pause(200);
		await finish(bridged);
		aliceLeg.unbridge();
		await pause(200);
		const parted = record("parted");
		await pause(100);
		await finish(parted);
		for (const play of plays) play.stop();
		const level = async (name: string, frequency: number) => {
			const [samples] = await readChannels(join(folder, `${name}.wav`));
			return toneLevel(samples ?? new Int16Array(), frequency);
		};
		expect(await level("alice-bridged", 1000)).toBeGreaterThan(0.2);
		expect(await level("alice-bridged", 440)).toBeLessThan(0.02);
		expect(await level("bob-bridged", 440)).toBeGreaterThan(0.2);
		expect(await level("bob-bridged", 1000)).toBeLessThan(0.02);
		expect(await level("alice-parted", 1000)).toBe(0);
		expect(await level("bob-parted", 440)).toBe(0);
	});

	it("passes digits on, and tells of them on its own side too", async () => {
		const { alice, aliceLeg, bob, bobLeg } = await twoCalls(kind);
		aliceLeg.bridge(bobLeg);
		await alice.sendDigits("42", 100);
		await expect
			.poll(() => bob.heard.map(({ digit }) => digit).join(""))
			.toBe("42");
		expect(aliceLeg.heard.map(({ digit }) => digit).join("")).toBe("42");
		expect(bobLeg.heard).toEqual([]);
	});

	it("lets a play be heard in place of the other side", async () => {
		const path = join(await temporaryFolder(), "alice.wav");
		const { alice, aliceLeg, bob, bobLeg } = await twoCalls(kind);
		aliceLeg.bridge(bobLeg);
		bob.play(tone(1000, 2000));
		await pause(150);
		aliceLeg.play(tone(440, 1000));
		await pause(150);
		const recording = alice.record(path, heardOnly);
		await pause(200);
		recording.stop();
		await recording.done;
		const [heard = new Int16Array()] = await readChannels(path);
		expect(toneLevel(heard, 440)).toBeGreaterThan(0.2);
		expect(toneLevel(heard, 1000)).toBeLessThan(0.02);
	});

	it("ends with either stream, and leaves a third one's partner alone", async () => {
		const { engine, aliceLeg, bobLeg } = await twoCalls(kind);
		const carol = await openStream(engine);
		aliceLeg.bridge(bobLeg);
		aliceLeg.bridge(carol);
		bobLeg.unbridge();
		aliceLeg.close();
		aliceLeg.bridge(carol);
		expect((await carol.stats()).packetsSent).toBe(0);
	});

	it("is no bridge to itself, or to a stream of another kind", async () => {
		const { aliceLeg } = await twoCalls(kind);
		const [otherKind] = kinds.filter((one) => one !== kind);
		const stranger = await openStream(startEngine(otherKind ?? kind));
		expect(() => aliceLeg.bridge(stranger)).toThrow(/of its engine/);
		expect(() => aliceLeg.bridge(aliceLeg)).toThrow(/of its engine/);
	});
});
