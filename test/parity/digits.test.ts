import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { inRealTime } from "../support/in-real-time.js";
import type { DtmfEvent, Endpoint } from "./fsmrf.js";
import { it } from "./lab.js";

inRealTime();

/** FreeSWITCH holds each key for a quarter of a second unless told otherwise. */
const SLOWLY = { timeout: 3000 };

/** What its DTMF events tell, from now on. */
function listen(endpoint: Endpoint): DtmfEvent[] {
	const events: DtmfEvent[] = [];
	endpoint.on("dtmf", (event: DtmfEvent) => events.push(event));
	return events;
}

const pressed = (events: readonly DtmfEvent[]) =>
	events.map(({ dtmf }) => dtmf).join("");

describe("digits that come in", () => {
	it("are told once each, in order, all sixteen of them", async ({ lab }) => {
		const { endpoint, phone } = await lab.call();
		const events = listen(endpoint);
		await phone.press("1234567890*#ABCD");
		await expect.poll(() => pressed(events)).toBe("1234567890*#ABCD");
		for (const { source } of events) expect(source).toBe("RTP");
	});

	it("tell how long the key was held", async ({ lab }) => {
		const { endpoint, phone } = await lab.call();
		const events = listen(endpoint);
		for (const durationMs of [60, 100, 500, 2000])
			await phone.press("5", "rtp", durationMs);
		await expect.poll(() => pressed(events)).toBe("5555");
		const durations = events.map(({ duration }) => Number(duration) / 8);
		expect(durations).toEqual([60, 100, 500, 2000]);
	});

	it("are told during a sound, which goes on", async ({ lab }) => {
		const { endpoint, phone } = await lab.call();
		const events = listen(endpoint);
		const before = performance.now();
		const playing = endpoint.play("silence_stream://1500");
		await sleep(300);
		await phone.press("12");
		await expect.poll(() => pressed(events)).toBe("12");
		expect(performance.now() - before).toBeLessThan(1500);
		await playing;
		expect(performance.now() - before).toBeGreaterThan(1400);
	});

	it("end a sound if they are among its terminators", async ({ lab }) => {
		const { endpoint, phone } = await lab.call();
		await endpoint.set({ playback_terminators: "#" });
		const playing = endpoint.execute("playback", "silence_stream://8000");
		await sleep(300);
		await phone.press("1#");
		const event = await playing;
		expect(event.getHeader("variable_playback_terminator_used")).toBe("#");
	});
});

describe("digits in the far end's sound", () => {
	it("are told from start_dtmf to stop_dtmf, and not otherwise", async ({
		lab,
	}) => {
		const { endpoint, phone } = await lab.call();
		const events = listen(endpoint);
		const press = async ([low, high]: readonly [number, number]) => {
			await phone.play(`tone_stream://%(150,0,${low},${high})`);
			await phone.play("silence_stream://200");
		};
		const [one, two, three] = [
			[697, 1209],
			[697, 1336],
			[697, 1477],
		] as const;
		await press(one);
		const started = await endpoint.execute("start_dtmf", "");
		expect(started.getHeader("Application-Response")).toBe("_none_");
		await press(two);
		await expect.poll(() => pressed(events)).toBe("2");
		await endpoint.execute("stop_dtmf", "");
		await press(three);
		expect(events).toMatchObject([{ dtmf: "2", source: "INBAND_AUDIO" }]);
	});
});

describe("digits that go out", () => {
	it("are heard by the phone, from an application and from the api", async ({
		lab,
	}) => {
		const { endpoint, phone } = await lab.call();
		const event = await endpoint.execute("send_dtmf", "12#");
		expect(event.getHeader("Application-Response")).toBe("_none_");
		await expect.poll(() => phone.digits, SLOWLY).toBe("12#");
		const words = [endpoint.uuid, "90*@100"];
		const answer = await endpoint.api("uuid_send_dtmf", words);
		expect(answer.getBody()).toMatch(/^\+OK /);
		await expect.poll(() => phone.digits, SLOWLY).toBe("12#90*");
	});
});
