import { describe, expect, it } from "vitest";
import { makeTone } from "../../../audio/tones.js";
import { inRealTime } from "../../support/in-real-time.js";
import {
	kinds,
	openFarEnd,
	openPair,
	openStream,
	startEngine,
} from "./engines.js";
import { eventPayload } from "./far-end.js";

inRealTime();

describe.each(kinds)("digits of a media stream %s", (kind) => {
	it("arrive as they were pressed", async () => {
		const [one, other] = await openPair(startEngine(kind));
		await one.sendDigits("19*#A", 60);
		await expect.poll(() => other.heard.length).toBe(5);
		expect(other.heard.map(({ digit }) => digit).join("")).toBe("19*#A");
		expect(other.heard[0]).toEqual({
			digit: "1",
			durationSamples: 480,
			by: "RTP",
		});
		expect(one.heard).toEqual([]);
	});

	it("take the place of sound, which goes on in time after them", async () => {
		const farEnd = await openFarEnd();
		const stream = await openStream(startEngine(kind));
		stream.configure(farEnd.remote({ eventPayloadType: 96 }));
		const samples = makeTone([440], 300);
		const played = stream.play({ kind: "pcm", samples }).done;
		await expect.poll(() => farEnd.arrived.length).toBeGreaterThan(1);
		await stream.sendDigits("5", 60);
		await played;
		await expect.poll(() => farEnd.arrived.length).toBe(15);
		const events = farEnd.arrived.filter(
			({ payloadType }) => payloadType === 96,
		);
		expect(events.length).toBe(5);
		expect(events.map(({ marker }) => marker)).toEqual([
			true,
			false,
			false,
			false,
			false,
		]);
		expect(new Set(events.map(({ timestamp }) => timestamp)).size).toBe(1);
		const sequences = farEnd.arrived.map(({ sequence }) => sequence);
		expect(new Set(sequences).size).toBe(15);
		const sound = farEnd.arrived.filter(({ payloadType }) => payloadType === 0);
		const [first, last] = [sound[0], sound.at(-1)];
		expect(
			((last?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0,
		).toBeGreaterThan((sound.length - 1) * 160);
	});

	it("cannot be sent to a far end that offers no telephone-event", async () => {
		const farEnd = await openFarEnd();
		const stream = await openStream(startEngine(kind));
		stream.configure(farEnd.remote({ eventPayloadType: null }));
		await expect(stream.sendDigits("1", 60)).rejects.toThrow(/telephone-event/);
	});

	it("are heard under the far end's number and under our own", async () => {
		const farEnd = await openFarEnd();
		const stream = await openStream(startEngine(kind));
		stream.configure(
			farEnd.remote({ eventPayloadType: 96, localEventPayloadType: 110 }),
		);
		const press = (event: number, payloadType: number, sequence: number) =>
			farEnd.send(stream.port, {
				payloadType,
				sequence,
				timestamp: 8000 + sequence * 4000,
				payload: eventPayload(event, 800, true),
			});
		press(1, 96, 1);
		press(2, 110, 2);
		press(3, 101, 3);
		await expect.poll(() => stream.heard.length).toBe(2);
		expect(stream.heard.map(({ digit }) => digit)).toEqual(["1", "2"]);
	});

	it("end by themselves when their end packets are lost", async () => {
		const farEnd = await openFarEnd();
		const stream = await openStream(startEngine(kind));
		stream.configure(farEnd.remote());
		const payload = eventPayload(7, 160, false);
		farEnd.send(stream.port, {
			payloadType: 101,
			sequence: 1,
			timestamp: 8000,
			payload,
		});
		await expect
			.poll(() => stream.heard)
			.toEqual([{ digit: "7", durationSamples: 160, by: "RTP" }]);
	});

	it("that were being sent are given up when the stream is closed", async () => {
		const [one] = await openPair(startEngine(kind));
		const sent = one.sendDigits("123456789", 1000);
		one.close();
		await sent;
	});
});
