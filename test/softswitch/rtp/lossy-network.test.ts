import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { toneLevel } from "../../../audio/tones.js";
import { inRealTime } from "../../support/in-real-time.js";
import { listen, openStream, startEngine, towards } from "./engines.js";

inRealTime();

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
		const { talker, listener } = await openPairIn({
			loss: 0.05,
			repetition: 0.05,
			delayMs: 35,
		});
		talker.play({
			kind: "tones",
			// Does not fit into a frame a whole number of times: frames out of order would cancel it.
			tones: [{ onMs: 60_000, offMs: 0, frequenciesHz: [433], volume: 0.3 }],
			loops: 1,
		});
		const level = async () => {
			const [heard] = await listen(listener, 400);
			return toneLevel(heard, 433);
		};
		const patience = { timeout: 10_000, interval: 1 };
		await expect.poll(level, patience).toBeGreaterThan(0.23);
		const { packetsReceived, packetsLost } = await listener.stats();
		expect(packetsReceived).toBeGreaterThan(20);
		expect(packetsLost).toBeLessThan(packetsReceived / 4);
	});
});
