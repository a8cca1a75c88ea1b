import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { makeTone, toneLevel } from "../../../audio/tones.js";
import {
	openStream,
	readChannels,
	startEngine,
	temporaryFolder,
	towards,
} from "./engines.js";

interface Weather {
	loss: number;
	repetition: number;
	/** Each packet is held for up to so long, so that some overtake others. */
	delayMs: number;
}

/** Repeatable "random" numbers from 0 to 1 (mulberry32). */
function numbers(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

const relays: Socket[] = [];
afterEach(async () => {
	for (const relay of relays.splice(0)) {
		relay.close();
		await once(relay, "close");
	}
});

/** A UDP relay to `port` through bad weather; what it loses depends on the seed only. */
async function relayTo(port: number, weather: Weather): Promise<number> {
	const random = numbers(7);
	const relay = createSocket("udp4").bind(0, "127.0.0.1");
	await once(relay, "listening");
	relays.push(relay);
	relay.on("message", (bytes) => {
		const copies =
			random() < weather.loss ? 0 : random() < weather.repetition ? 2 : 1;
		for (let i = 0; i < copies; i++) {
			setTimeout(() => {
				if (relays.includes(relay)) relay.send(bytes, port, "127.0.0.1");
			}, random() * weather.delayMs);
		}
	});
	return relay.address().port;
}

/** What the first stream says reaches the second through the weather. */
async function openPairIn(weather: Weather) {
	const engine = startEngine("in this thread");
	const talker = await openStream(engine);
	const listener = await openStream(engine);
	const port = await relayTo(listener.port, weather);
	talker.configure(towards(listener, { port }));
	listener.configure(towards(listener, { port }));
	return { talker, listener };
}

describe("through a network that loses, repeats and reorders", () => {
	it.each([0.05, 0.3])(
		"each digit is heard once, at a loss of %f",
		async (loss) => {
			const { talker, listener } = await openPairIn({
				loss,
				repetition: 0.3,
				delayMs: 15,
			});
			await talker.sendDigits("1122334455#*", 60);
			await expect.poll(() => listener.heard.length).toBeGreaterThanOrEqual(12);
			expect(listener.heard.map(({ digit }) => digit).join("")).toBe(
				"1122334455#*",
			);
		},
	);

	it("sound is heard in order, its gaps filled", async () => {
		const path = join(await temporaryFolder(), "heard.wav");
		const { talker, listener } = await openPairIn({
			loss: 0.05,
			repetition: 0.05,
			delayMs: 35,
		});
		const recording = listener.record(path, {
			stereo: false,
			readOnly: true,
			onlyArrived: false,
		});
		await talker.play({ kind: "pcm", samples: makeTone([400], 1000) }).done;
		recording.stop();
		await recording.done;
		const [heard = new Int16Array()] = await readChannels(path);
		const steady = heard.subarray(1600, 6400);
		// 400 Hz fits eight times into a frame: only a frame out of order or missing breaks the tone.
		expect(toneLevel(steady, 400)).toBeGreaterThan(0.26);
		const { packetsReceived, packetsLate } = await listener.stats();
		expect(packetsReceived).toBeGreaterThan(40);
		expect(packetsLate).toBeLessThan(8);
	});
});
