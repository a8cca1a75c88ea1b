import { describe, expect, it } from "vitest";
import { EventSender } from "../../../softswitch/rtp/event-sender.js";

describe("EventSender", () => {
	it("sends a packet every 20 ms, the end three times, and is done after 40 ms of silence", async () => {
		const sender = new EventSender();
		let done = false;
		const sent = sender.send("5", 60).then(() => {
			done = true;
		});
		const packets = Array.from({ length: 5 }, () => sender.next());
		expect(packets).toEqual([
			{ event: 5, ended: false, durationSamples: 160, first: true },
			{ event: 5, ended: false, durationSamples: 320, first: false },
			{ event: 5, ended: true, durationSamples: 480, first: false },
			{ event: 5, ended: true, durationSamples: 480, first: false },
			{ event: 5, ended: true, durationSamples: 480, first: false },
		]);
		await Promise.resolve();
		expect(done).toBe(false);
		expect(sender.next()).toBeUndefined();
		await sent;
	});

	it("sends digits one after the other", () => {
		const sender = new EventSender();
		void sender.send("1#", 40);
		void sender.send("D", 40);
		const events = Array.from({ length: 12 }, () => sender.next()?.event);
		expect(events).toEqual([1, 1, 1, 1, 11, 11, 11, 11, 15, 15, 15, 15]);
		expect(sender.next()).toBeUndefined();
	});

	it("presses no key for so short that it is missed, nor longer than its field can say", () => {
		const sender = new EventSender();
		void sender.send("1", 1);
		expect(sender.next()?.ended).toBe(false);
		expect(sender.next()?.ended).toBe(true);
		sender.close();
		void sender.send("1", 60_000);
		let longest = 0;
		for (let event = sender.next(); event; event = sender.next()) {
			longest = Math.max(longest, event.durationSamples);
		}
		expect(longest).toBe(64_000);
	});

	it("refuses what is no key", async () => {
		await expect(new EventSender().send("12x", 100)).rejects.toThrow(
			/no.* key/,
		);
	});

	it("resolves at once for no digits, and at close for those not sent", async () => {
		const sender = new EventSender();
		await sender.send("", 100);
		const sent = sender.send("123", 100);
		sender.close();
		await sent;
		expect(sender.next()).toBeUndefined();
	});
});
