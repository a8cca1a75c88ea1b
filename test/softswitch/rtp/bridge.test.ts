import { describe, expect, it } from "vitest";
import { toneLevel } from "../../../audio/tones.js";
import type { MediaStream } from "../../../softswitch/rtp/media.js";
import { inRealTime } from "../../support/in-real-time.js";
import { kinds, listen, openPair, openStream, startEngine } from "./engines.js";

inRealTime();

const endless = (frequency: number) =>
	({
		kind: "tones",
		tones: [{ onMs: 1000, offMs: 0, frequenciesHz: [frequency], volume: 0.3 }],
		loops: -1,
	}) as const;
const patience = { timeout: 10_000, interval: 1 };

async function level(stream: MediaStream, frequency: number): Promise<number> {
	const [heard] = await listen(stream);
	return toneLevel(heard, frequency);
}

/** Two phones, each on a leg of the switch; the second speaks A-law. */
async function twoCalls(kind: (typeof kinds)[number]) {
	const engine = startEngine(kind);
	const [alice, aliceLeg] = await openPair(engine);
	const [bob, bobLeg] = await openPair(engine, { payloadType: 8 });
	return { engine, alice, aliceLeg, bob, bobLeg };
}

describe.each(kinds)("a bridge %s", (kind) => {
	it("lets each hear the other, over both laws, and no longer when it is parted", async () => {
		const { alice, aliceLeg, bob, bobLeg } = await twoCalls(kind);
		aliceLeg.bridge(bobLeg);
		alice.play(endless(440));
		bob.play(endless(1000));
		await expect.poll(() => level(alice, 1000), patience).toBeGreaterThan(0.2);
		await expect.poll(() => level(bob, 440), patience).toBeGreaterThan(0.2);
		expect(await level(alice, 440)).toBeLessThan(0.02);
		expect(await level(bob, 1000)).toBeLessThan(0.02);
		aliceLeg.unbridge();
		await expect.poll(() => level(alice, 1000), patience).toBe(0);
		await expect.poll(() => level(bob, 440), patience).toBe(0);
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
		const { alice, aliceLeg, bob, bobLeg } = await twoCalls(kind);
		aliceLeg.bridge(bobLeg);
		bob.play(endless(1000));
		await expect.poll(() => level(alice, 1000), patience).toBeGreaterThan(0.2);
		const play = aliceLeg.play(endless(440));
		await expect.poll(() => level(alice, 440), patience).toBeGreaterThan(0.2);
		expect(await level(alice, 1000)).toBeLessThan(0.02);
		play.stop();
		await expect.poll(() => level(alice, 1000), patience).toBeGreaterThan(0.2);
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
