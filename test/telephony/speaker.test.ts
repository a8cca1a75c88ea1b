import { setMaxListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../core/log.js";
import type {
	MediaEndpoint,
	PlaybackEnd,
} from "../../telephony/media-endpoint.js";
import { ranks, Speaker } from "../../telephony/speaker.js";
import { ManualClock } from "../support/manual-clock.js";

const LENGTH_MS = 3_000;

/** What it was to play, from which millisecond on, and when each ended. */
function speaking() {
	const clock = new ManualClock();
	const did: string[] = [];
	const ends = new Map<Promise<PlaybackEnd>, (how: PlaybackEnd) => void>();
	const endpoint = {
		play(name: string, fromMs: number) {
			did.push(`${name} from ${fromMs}`);
			let end = (_how: PlaybackEnd) => {};
			const playing = new Promise<PlaybackEnd>((resolve) => {
				end = resolve;
			});
			ends.set(playing, end);
			return playing;
		},
		async stopPlaying(playing: Promise<PlaybackEnd>) {
			did.push("stop");
			ends.get(playing)?.("played");
		},
	} as unknown as MediaEndpoint; // all that a Speaker uses of one
	const speaker = new Speaker(endpoint, { clock, log: silentLog });
	const stop = new AbortController();
	setMaxListeners(0, stop.signal);
	return {
		...{ clock, did, stop, speaker },
		speak: (name: string, rank: number, { signal } = stop) =>
			speaker.speak({ name, rank, lengthMs: LENGTH_MS, stop: signal }),
		/** The last that began comes to its end. */
		finish() {
			clock.stall(LENGTH_MS);
			[...ends.values()].at(-1)?.("played");
		},
		/** …or is cut short. */
		cut: (how: PlaybackEnd = "played") => [...ends.values()].at(-1)?.(how),
	};
}

describe("a leg's sounds", () => {
	it("give way to one of a higher rank, and go on where they were", async () => {
		const { clock, did, speak, finish } = speaking();
		const low = speak("low", ranks.flow);
		await clock.advance(1_200);
		const high = speak("high", ranks.asked);
		await clock.advance(0);
		await clock.advance(500);
		finish();
		await high;
		await clock.advance(0);
		finish();
		expect(await low).toBe("played");
		expect(did).toEqual(["low from 0", "stop", "high from 0", "low from 1200"]);
	});

	it("wait for one of their own rank", async () => {
		const { clock, did, speak, finish } = speaking();
		const first = speak("first", ranks.asked);
		const second = speak("second", ranks.asked);
		await clock.advance(0);
		expect(did).toEqual(["first from 0"]);
		finish();
		await first;
		await clock.advance(0);
		finish();
		await second;
		expect(did).toEqual(["first from 0", "second from 0"]);
	});

	it("are not heard again once they are stopped while another is heard", async () => {
		const { clock, did, speak, stop, finish } = speaking();
		const low = speak("low", ranks.flow);
		await clock.advance(100);
		const hold = speak("hold", ranks.hold, new AbortController());
		await clock.advance(100);
		stop.abort();
		expect(await low).toBe("played");
		finish();
		await hold;
		await clock.advance(0);
		expect(did).toEqual(["low from 0", "stop", "hold from 0"]);
	});

	it("are over if they had come to their end as they gave way", async () => {
		const { clock, did, speak, finish } = speaking();
		const low = speak("low", ranks.flow);
		await clock.advance(3_000);
		const high = speak("high", ranks.asked);
		await clock.advance(100);
		finish();
		await high;
		expect(await low).toBe("played");
		expect(did).toEqual(["low from 0", "stop", "high from 0"]);
	});

	it.each(["played", "cut"] as const)(
		"go on where they were cut short (%s), once for each time, though nobody asked for that",
		async (how) => {
			const { clock, did, speak, cut, finish } = speaking();
			const sound = speak("sound", ranks.asked);
			for (const ms of [1_000, 5, 500]) {
				await clock.advance(ms);
				cut(how);
				await clock.advance(0);
			}
			finish();
			expect(await sound).toBe("played");
			expect(did).toEqual(
				[0, 1_000, 1_005, 1_505].map((ms) => `sound from ${ms}`),
			);
		},
	);

	it("without an end begin anew where they were cut short", async () => {
		const { clock, did, stop, speaker, cut } = speaking();
		const tone = speaker.speak({
			...{ name: "tone", lengthMs: Number.POSITIVE_INFINITY },
			...{ rank: ranks.flow, stop: stop.signal },
		});
		await clock.advance(1_000);
		cut();
		await clock.advance(0);
		stop.abort();
		expect(await tone).toBe("played");
		expect(did).toEqual(["tone from 0", "tone from 0", "stop"]);
	});

	it.each([
		["played", "played"],
		["cut", "not_found"],
	] as const)(
		"are over, and not begun again for ever, where their file holds nothing (%s)",
		async (how, end) => {
			const { clock, did, speak, cut } = speaking();
			const sound = speak("sound", ranks.asked);
			for (let n = 0; n < 10; n++) {
				cut(how);
				await clock.advance(0);
			}
			expect(await sound).toBe(end);
			expect(did).toHaveLength(3);
		},
	);

	it("are heard as often as they are to be before another of their rank", async () => {
		const { clock, did, stop, speaker, speak, finish } = speaking();
		const first = speaker.speak({
			...{ name: "first", lengthMs: 3_000, times: 2 },
			...{ rank: ranks.asked, stop: stop.signal },
		});
		const second = speak("second", ranks.asked);
		for (let sound = 0; sound < 3; sound++) {
			await clock.advance(3_000);
			finish();
		}
		expect(await Promise.all([first, second])).toEqual(["played", "played"]);
		expect(did).toEqual(["first from 0", "first from 0", "second from 0"]);
	});

	it("do not hold up the process, however many wait", async () => {
		const { clock, did, stop, speak, finish } = speaking();
		const all = Array.from({ length: 4_000 }, () => speak("a", ranks.asked));
		const next = async () => {
			const startedAt = performance.now();
			finish();
			await clock.advance(0);
			return performance.now() - startedAt;
		};
		await clock.advance(0);
		expect(await next()).toBeLessThan(200);
		expect(did).toHaveLength(2);
		stop.abort();
		await Promise.all(all);
	});
});
