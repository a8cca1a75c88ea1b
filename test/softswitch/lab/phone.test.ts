import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeTone, toneLevel } from "../../../audio/tones.js";
import { encodeWav, parseWav } from "../../../audio/wav.js";
import type { Script } from "../../../softswitch/lab/script.js";
import { answered, openPhone, temporaryFolder } from "./phones.js";

const at = (ms: number) => ({ after: "answer", ms }) as const;

describe("a lab phone that is called", () => {
	it("rings, answers when it shall, presses its digits and hangs up", async () => {
		const callee = await openPhone({
			script: {
				outcome: { type: "answer", afterMs: 100 },
				actions: [
					{
						at: at(50),
						type: "press",
						digits: "12#",
						by: "rtp",
						durationMs: 40,
					},
					{ at: at(400), type: "press", digits: "9", by: "info" },
					{ at: at(600), type: "hang-up" },
				],
			},
		});
		const caller = await openPhone();
		const events: string[] = [];
		callee.on("invite", (call) => events.push(`invite ${call.direction}`));
		callee.on("ringing", () => events.push("ringing"));
		callee.on("answered", () => events.push("answered"));
		callee.on("ended", (_call, { by }) => events.push(`ended by ${by}`));
		const call = await caller.call(callee.uri);
		expect(await call.ended).toEqual({ by: "peer", status: null });
		expect(call.answered).toBe(true);
		expect(call.digits).toBe("12#9");
		await expect
			.poll(() => events)
			.toEqual(["invite in", "ringing", "answered", "ended by phone"]);
		expect(callee.calls.length).toBe(1);
	});

	it.each<[string, Script, number]>([
		["is busy", { outcome: { type: "reject", status: 486, afterMs: 0 } }, 486],
		[
			"declines",
			{ outcome: { type: "reject", status: 603, afterMs: 50 } },
			603,
		],
		[
			"is not found",
			{ ring: null, outcome: { type: "reject", status: 404, afterMs: 0 } },
			404,
		],
	])("%s", async (_name, script, status) => {
		const callee = await openPhone({ script });
		const caller = await openPhone();
		const call = await caller.call(callee.uri);
		expect(await call.ended).toEqual({ by: "peer", status });
		expect(await callee.calls[0]?.ended).toEqual({ by: "phone", status });
		expect(call.answered).toBe(false);
	});

	it("rings until the caller gives up", async () => {
		const callee = await openPhone({ script: { outcome: { type: "ignore" } } });
		const caller = await openPhone();
		const ringing = new Promise((resolve) => caller.once("ringing", resolve));
		const call = await caller.call(callee.uri);
		await ringing;
		await call.hangUp();
		expect(await call.ended).toEqual({ by: "phone", status: 487 });
		expect(await callee.calls[0]?.ended).toEqual({ by: "peer", status: 487 });
	});

	it("follows a script of its own for each call", async () => {
		const callee = await openPhone({
			script: (invite, number) => ({
				outcome: {
					type: "reject",
					status: invite.headers.has("X-Busy") ? 486 : 400 + number,
					afterMs: 0,
				},
			}),
		});
		const caller = await openPhone();
		const first = await caller.call(callee.uri);
		const second = await caller.call(callee.uri, {
			headers: { "X-Busy": "1" },
		});
		const third = await caller.call(callee.uri);
		const ends = await Promise.all(
			[first, second, third].map(({ ended }) => ended),
		);
		expect(ends.map(({ status }) => status)).toEqual([401, 486, 403]);
	});

	it("hears and records each of several calls by itself", async () => {
		const folder = await temporaryFolder();
		const callee = await openPhone({
			script: { record: join(folder, "heard.wav") },
		});
		const caller = await openPhone();
		const call = async (frequency: number) => {
			const sound = `tone_stream://%(400,0,${frequency})`;
			const placed = await caller.call(callee.uri, {
				script: { actions: [{ at: at(0), type: "play", sound }] },
			});
			return { placed, heard: await answered(callee) };
		};
		const calls = [await call(440), await call(1000)];
		await new Promise((resolve) => setTimeout(resolve, 500));
		for (const { placed } of calls) await placed.hangUp();
		await Promise.all(callee.calls.map(({ ended }) => ended));
		const levels = async (name: string) => {
			const { samples } = parseWav(await readFile(join(folder, name)));
			return [440, 1000].map(
				(frequency) => toneLevel(samples, frequency) > 0.1,
			);
		};
		expect(await levels("heard.wav")).toEqual([true, false]);
		expect(await levels("heard-2.wav")).toEqual([false, true]);
	});

	it("acts after a sound has begun, and after it has ended", async () => {
		const callee = await openPhone({
			script: {
				actions: [
					{
						at: { after: "sound", ms: 50 },
						type: "press",
						digits: "1",
						by: "rtp",
					},
					{
						at: { after: "silence", ms: 0 },
						type: "press",
						digits: "2",
						by: "rtp",
					},
					{ at: { after: "silence", ms: 250 }, type: "hang-up" },
				],
			},
		});
		const caller = await openPhone();
		const call = await caller.call(callee.uri);
		await answered(caller);
		await new Promise((resolve) => setTimeout(resolve, 150));
		expect(call.digits).toBe("");
		await call.play("tone_stream://%(400,0,440)");
		expect(call.digits).toBe("1");
		await call.ended;
		expect(call.digits).toBe("12");
	});

	it("plays a wav to the caller before it answers", async () => {
		const folder = await temporaryFolder();
		const sound = join(folder, "ringback.wav");
		const samples = makeTone([440], 2000);
		await writeFile(
			sound,
			encodeWav({ sampleRateHz: 8000, channels: 1, samples }),
		);
		const callee = await openPhone({
			script: {
				ring: 183,
				earlyMedia: sound,
				outcome: { type: "answer", afterMs: 400 },
				actions: [{ at: at(100), type: "hang-up" }],
			},
		});
		const caller = await openPhone();
		const call = await caller.call(callee.uri);
		let early = 0;
		caller.on("answered", async () => {
			early = (await call.stats()).packetsReceived;
		});
		await call.ended;
		expect(early).toBeGreaterThan(10);
		expect(early).toBeLessThan(30);
	});

	it("cannot be called in a codec that it does not speak", async () => {
		const callee = await openPhone({ codecs: ["PCMA"] });
		const caller = await openPhone({ codecs: ["PCMU"] });
		const call = await caller.call(callee.uri);
		expect((await call.ended).status).toBe(488);
	});

	it("hangs up every call when it is closed", async () => {
		const callee = await openPhone();
		const caller = await openPhone();
		const call = await caller.call(callee.uri);
		await answered(caller);
		await callee.close();
		expect(await call.ended).toEqual({ by: "peer", status: null });
	});
});

describe("a lab phone that calls", () => {
	it("over TCP too", async () => {
		const callee = await openPhone();
		const caller = await openPhone();
		const call = await caller.call(`${callee.uri};transport=tcp`);
		await answered(caller);
		expect(callee.calls[0]?.invite.headers.get("via")).toContain("/TCP ");
		await call.hangUp();
		expect((await callee.calls[0]?.ended)?.by).toBe("peer");
	});

	it("holds the call, and takes it back", async () => {
		const callee = await openPhone({
			script: {
				actions: [
					{ at: at(0), type: "play", sound: "tone_stream://%(9000,0,440)" },
				],
			},
		});
		const caller = await openPhone();
		const call = await caller.call(callee.uri);
		await answered(caller);
		const packetsIn = async (ms: number) => {
			const before = await call.stats();
			await new Promise((resolve) => setTimeout(resolve, ms));
			return (await call.stats()).packetsReceived - before.packetsReceived;
		};
		await expect.poll(() => packetsIn(40)).toBeGreaterThan(0);
		await call.hold();
		await packetsIn(60);
		expect(await packetsIn(100)).toBe(0);
		await call.resume();
		await expect.poll(() => packetsIn(40)).toBeGreaterThan(0);
	});

	it("holds at the same time as the other side, one after the other", async () => {
		const callee = await openPhone();
		const caller = await openPhone();
		const call = await caller.call(callee.uri);
		const other = await answered(callee);
		await answered(caller);
		await Promise.all([call.hold(), other.hold()]);
		await call.resume();
		await other.resume();
	});

	it("says what an address must look like", async () => {
		const caller = await openPhone();
		await expect(caller.call("bob")).rejects.toThrow(
			/write sip:user@host:port/,
		);
	});

	it("ends with 503 where nobody listens", async () => {
		const callee = await openPhone();
		const { uri } = callee;
		await callee.close();
		const caller = await openPhone();
		const call = await caller.call(uri);
		expect((await call.ended).status).toBe(503);
	});
});
