import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loudness, makeTone, toneLevel } from "../../audio/tones.js";
import { channelOf, encodeWav, parseWav } from "../../audio/wav.js";
import { inRealTime } from "../support/in-real-time.js";
import { type Endpoint, type EslEvent, Pair, promptly } from "./pair.js";

// drachtio-srf and drachtio-fsmrf themselves, between two embedded softswitches: what scenarios with a real pair showed.

inRealTime();

let pair: Pair;
let tone: string;

beforeAll(async () => {
	pair = await Pair.start();
	tone = pair.file("tone.wav");
	const samples = makeTone([440], 1000, 0.5);
	await writeFile(
		tone,
		encodeWav({ sampleRateHz: 8000, channels: 1, samples }),
	);
});
afterAll(() => pair.stop());

/** One channel of a recording. */
async function heard(file: string, channel = 0): Promise<Int16Array> {
	return channelOf(parseWav(await readFile(file)), channel);
}

const TONE_HZ = 440;
const OTHER_HZ = 880;
const endless = (hz: number) => `tone_stream://%(20000,0,${hz})`;

describe("an endpoint", () => {
	it("learns the profile's address from sofia status", () => {
		expect(pair.near.media.sip.ipv4.udp.address).toMatch(/^127\.0\.0\.1:\d+$/);
	});

	it("tells of both ends' media, and of its variables", async () => {
		const call = await pair.call();
		expect(call.near.dtmfType).toBe("rfc2833");
		expect(call.near.remote.mediaPort).toBe(call.far.local.mediaPort);
		expect(call.far.remote.mediaPort).toBe(call.near.local.mediaPort);
		await sleep(200);
		const variables = await call.near.getChannelVariables(true);
		expect(variables).toMatchObject({
			variable_hangup_after_bridge: "false",
			variable_park_after_bridge: "true",
			variable_read_codec: "PCMU",
			variable_sofia_profile_name: "drachtio_mrf",
		});
		expect(variables.variable_rtp_audio_in_packet_count).toBeGreaterThan(3);
		expect(variables.variable_rtp_audio_out_packet_count).toBeGreaterThan(3);
		await call.end();
	});

	it("plays a sound, and several, which the far end hears", async () => {
		const call = await pair.call();
		const file = pair.file("play.wav");
		await call.far.api("uuid_record", [call.far.uuid, "start", file]);
		expect(await call.near.play(tone)).toEqual({
			playbackSeconds: "1",
			playbackMilliseconds: "1000",
			playbackLastOffsetPos: "8000",
		});
		expect(
			await call.near.play([
				tone,
				"silence_stream://200",
				`tone_stream://%(200,0,${OTHER_HZ})`,
			]),
		).toEqual({
			playbackSeconds: "0",
			playbackMilliseconds: "200",
			playbackLastOffsetPos: "11200",
		});
		await sleep(100);
		await call.far.api("uuid_record", [call.far.uuid, "stop", file]);
		const samples = await heard(file);
		const first = samples.subarray(2400, 6400);
		expect(toneLevel(first, TONE_HZ)).toBeGreaterThan(0.4);
		expect(toneLevel(first, OTHER_HZ)).toBeLessThan(0.01);
		// 1000 + 1000 + 250 + 200 + 250 + 200 ms, as the real pair takes.
		expect(samples.length).toBeGreaterThan(2.8 * 8000);
		expect(samples.length).toBeLessThan(4 * 8000);
		const end = samples.subarray(-2400);
		expect(toneLevel(end, OTHER_HZ)).toBeGreaterThan(0.02);
		await call.end();
	});

	it("stops at uuid_break", async () => {
		const call = await pair.call();
		const playing = call.near.play(endless(TONE_HZ));
		await sleep(700);
		const answer = await call.near.api("uuid_break", [call.near.uuid, "all"]);
		expect(answer.getBody()).toBe("+OK\n");
		const { playbackMilliseconds, playbackLastOffsetPos } = await playing;
		expect(playbackMilliseconds).toBe("2048");
		expect(Number(playbackLastOffsetPos)).toBeGreaterThan(4800);
		expect(Number(playbackLastOffsetPos)).toBeLessThan(9600);
		await call.end();
	});

	it("says that a file is not there", async () => {
		const call = await pair.call();
		await expect(call.near.play(pair.file("none.wav"))).rejects.toThrow(
			"File Not Found",
		);
		await call.end();
	});

	it("speaks with the voices of flite", async () => {
		const call = await pair.call();
		const file = pair.file("speak.wav");
		await call.far.api("uuid_record", [call.far.uuid, "start", file]);
		const text = "Press one for apples.";
		await call.near.speak({ ttsEngine: "flite", voice: "slt", text });
		await sleep(60);
		await call.far.api("uuid_record", [call.far.uuid, "stop", file]);
		const samples = await heard(file);
		expect(samples.length).toBeGreaterThan(8000);
		expect(loudness(samples)).toBeGreaterThan(0.01);
		const refused = await call.near.execute("speak", `flite|nobody|${text}`);
		expect(refused.getHeader("Application-Response")).toMatch(/^-ERR no voice/);
		await call.end();
	});

	it("hears a second play at once and the first one afterwards", async () => {
		const call = await pair.call();
		const order: string[] = [];
		const note = (name: string) => () => order.push(name);
		const first = call.near
			.play("tone_stream://%(600,0,440)")
			.then(note("first"));
		await sleep(200);
		const set = call.near.set({ a: "b" }).then(note("set"));
		const second = call.near
			.play("tone_stream://%(300,0,880)")
			.then(note("second"));
		await Promise.all([first, set, second]);
		expect(order).toEqual(["set", "second", "first"]);
		await call.end();
	});

	it("sends nothing while its far end is itself", async () => {
		const answered = new Promise<Endpoint>((resolve) => {
			pair.far.onInvite = async (request, response) => {
				const { endpoint } = await pair.far.media.connectCaller(
					request,
					response,
				);
				resolve(endpoint);
			};
		});
		const near = await pair.near.media.createEndpoint();
		const uac = await pair.near.srf.createUAC(pair.far.uri, {
			localSdp: near.local.sdp,
			headers: { From: "sip:123@flow" },
		});
		const far = await answered;
		const playing = near.play("tone_stream://%(300,0,440)");
		await sleep(200);
		const before = await far.getChannelVariables(true);
		expect(before.variable_rtp_audio_in_packet_count).toBe(0);
		await playing;
		await near.modify(uac.remote.sdp);
		await near.play("tone_stream://%(200,0,440)");
		const after = await far.getChannelVariables(true);
		expect(after.variable_rtp_audio_in_packet_count).toBeGreaterThan(5);
		await uac.destroy();
		await near.destroy();
		await far.destroy();
	});
});

describe("digits", () => {
	it("come as events", async () => {
		const call = await pair.call();
		const digits: { dtmf: string; source: string }[] = [];
		call.near.on("dtmf", (event) => digits.push(event));
		await call.far.execute("send_dtmf", "1#@100");
		await expect.poll(() => digits.length).toBe(2);
		expect(digits).toMatchObject([
			{ dtmf: "1", source: "RTP" },
			{ dtmf: "#", source: "RTP" },
		]);
		await call.end();
	});

	it("are collected, the first one breaking the prompt", async () => {
		const call = await pair.call();
		const collecting = call.near.playCollect({
			file: "silence_stream://4000",
			min: 1,
			max: 2,
			tries: 1,
			timeout: 4000,
			digitTimeout: 2000,
			terminators: "#",
		});
		await sleep(300);
		await call.far.api("uuid_send_dtmf", [call.far.uuid, "12@100"]);
		expect(await collecting).toEqual({
			digits: "12",
			invalidDigits: null,
			terminatorUsed: null,
			playbackSeconds: "2",
			playbackMilliseconds: "2048",
		});
		await call.end();
	});

	it("pass through a bridge", async () => {
		const [one, two] = [await pair.call(), await pair.call()];
		await one.near.bridge(two.near);
		const digits: string[] = [];
		two.far.on("dtmf", ({ dtmf }) => digits.push(dtmf));
		await one.far.execute("send_dtmf", "42@100");
		await expect.poll(() => digits.join("")).toBe("42");
		await Promise.all([one.end(), two.end()]);
	});
});

describe("a recording", () => {
	it("of what arrives ends soon after its limit", async () => {
		const call = await pair.call();
		const playing = call.far.play(endless(TONE_HZ));
		const file = pair.file("record.wav");
		const result = await call.near.record(file, {
			timeLimitSecs: 1,
			silenceThresh: 200,
			// a gap in the sound must not end it before its limit
			silenceHits: 100,
		});
		expect(result.terminatorUsed).toBeNull();
		const samples = await heard(file);
		expect(Number(result.recordSamples)).toBe(samples.length);
		expect(Number(result.recordMilliseconds)).toBeGreaterThan(900);
		expect(Number(result.recordMilliseconds)).toBeLessThan(2300);
		expect(toneLevel(samples, TONE_HZ)).toBeGreaterThan(0.05);
		await call.far.api("uuid_break", call.far.uuid);
		await playing;
		await call.end();
	});

	it("in stereo has the far end left and what it hears right, and nothing while masked", async () => {
		const call = await pair.call();
		const file = pair.file("session.wav");
		const words = (verb: string) => [call.near.uuid, verb, file];
		const speaking = call.far.play(endless(OTHER_HZ));
		await call.near.set({ RECORD_STEREO: true });
		const answers: string[] = [];
		const record = async (verb: string) => {
			const answer = await call.near.api("uuid_record", words(verb));
			answers.push(answer.getBody());
		};
		await record("start");
		await call.near.play(tone);
		await record("mask");
		await sleep(500);
		await record("unmask");
		await sleep(200);
		await record("stop");
		expect(answers).toEqual(Array(4).fill("+OK Success\n"));
		const [left, right] = [await heard(file, 0), await heard(file, 1)];
		const middle = (samples: Int16Array) => samples.subarray(2400, 6400);
		expect(toneLevel(middle(left), OTHER_HZ)).toBeGreaterThan(0.05);
		expect(toneLevel(middle(left), TONE_HZ)).toBeLessThan(0.005);
		expect(toneLevel(middle(right), TONE_HZ)).toBeGreaterThan(0.3);
		expect(toneLevel(middle(right), OTHER_HZ)).toBeLessThan(0.005);
		const masked = left.subarray(8000 + 1600, 8000 + 3200);
		expect(loudness(masked)).toBeLessThan(0.001);
		expect(loudness(left.subarray(-1200))).toBeGreaterThan(0.02);
		await call.far.api("uuid_break", call.far.uuid);
		await speaking;
		await call.end();
	});
});

describe("a bridge", () => {
	it("joins two legs' sound until it is undone, and both can play again", async () => {
		const [one, two] = [await pair.call(), await pair.call()];
		const playing = one.far.play(endless(TONE_HZ));
		const level = async (name: string) => {
			const file = pair.file(name);
			await two.far.api("uuid_record", [two.far.uuid, "start", file]);
			await sleep(400);
			await two.far.api("uuid_record", [two.far.uuid, "stop", file]);
			return toneLevel((await heard(file)).subarray(800), TONE_HZ);
		};
		expect(await level("apart.wav")).toBeLessThan(0.005);
		await one.near.bridge(two.near);
		await sleep(100);
		expect(await level("joined.wav")).toBeGreaterThan(0.05);
		await one.near.unbridge();
		await sleep(100);
		expect(await level("parted.wav")).toBeLessThan(0.005);
		const both = [one.near.play(tone), two.near.play(tone)];
		expect(await Promise.all(both)).toHaveLength(2);
		await one.far.api("uuid_break", one.far.uuid);
		await playing;
		await Promise.all([one.end(), two.end()]);
	});

	it("leaves the other leg parked where park_after_bridge says so, else takes it along", async () => {
		for (const parks of [true, false]) {
			const [one, two] = [await pair.call(), await pair.call()];
			const ended = new Promise((resolve) => two.near.once("destroy", resolve));
			if (!parks) await two.near.set({ park_after_bridge: false, a: "b" });
			await one.near.bridge(two.near);
			await sleep(100);
			await one.near.destroy();
			if (parks) await two.near.play("silence_stream://100");
			else await ended;
			expect(two.near.connected).toBe(parks);
			await Promise.all([one.end(), two.end()]);
		}
	});
});

describe("the end of a call", () => {
	it("comes as events in FreeSWITCH's order, then the socket closes", async () => {
		const call = await pair.call();
		const told: (string | null)[] = [];
		const note = (event: EslEvent) => {
			const name = event.getHeader("Event-Name");
			const application = event.getHeader("Application");
			told.push([name, application].filter(Boolean).join(" "));
		};
		for (const name of [
			"CHANNEL_EXECUTE",
			"CHANNEL_EXECUTE_COMPLETE",
			"CHANNEL_CALLSTATE",
			"PLAYBACK_STOP",
		])
			call.near.conn.on(`esl::event::${name}::*`, note);
		call.near.conn.on("esl::event::disconnect::notice", () =>
			told.push("notice"),
		);
		const closed = new Promise((resolve) =>
			call.near.conn.on("esl::end", resolve),
		);
		const playing = call.near.play(endless(TONE_HZ));
		await sleep(200);
		await call.near.destroy();
		await Promise.all([playing, closed]);
		expect(told).toEqual([
			"CHANNEL_EXECUTE playback",
			"CHANNEL_EXECUTE hangup",
			"CHANNEL_EXECUTE_COMPLETE hangup",
			"PLAYBACK_STOP",
			"CHANNEL_EXECUTE_COMPLETE playback",
			"CHANNEL_EXECUTE_COMPLETE socket",
			"CHANNEL_CALLSTATE",
			"notice",
		]);
		await call.end();
	});

	it("is told to the endpoint when the dialog to FreeSWITCH ends", async () => {
		const call = await pair.call();
		const ended = new Promise((resolve) => call.near.once("destroy", resolve));
		await call.near.dialog.destroy();
		expect(await ended).toEqual({ reason: "NORMAL_CLEARING" });
		await call.end();
	});

	it("follows the loss of the event socket", async () => {
		const call = await pair.call();
		const hungUp = new Promise((resolve) =>
			call.near.dialog.on("destroy", resolve),
		);
		call.near.conn.socket.destroy();
		await hungUp;
		const answer = await call.far.api("uuid_exists", call.near.uuid);
		expect(answer.getBody()).toBe("false");
		await call.end();
	});

	it("leaves no channel behind", async () => {
		const endpoint = await pair.near.media.createEndpoint();
		const sessions = async () => {
			const { body } = { body: (await endpoint.api("status", "")).getBody() };
			return Number(/^(\d+) session\(s\) - peak/m.exec(body)?.[1]);
		};
		promptly(endpoint);
		const before = await sessions();
		const call = await pair.call();
		expect(await sessions()).toBe(before + 1);
		await call.end();
		await expect.poll(sessions).toBe(before);
		await endpoint.destroy();
	});
});

describe("what is not emulated", () => {
	it("fails loudly", async () => {
		const call = await pair.call();
		for (const [app, data] of [
			["conference", "c1@default"],
			["avmd_start", ""],
			["say", "en NUMBER pronounced 1234"],
		] as const) {
			const event = await call.near.execute(app, data);
			expect(event.getHeader("Application-Response")).toMatch(
				/^-ERR .* not emulated$/,
			);
		}
		await expect(
			pair.near.media.createConference("c1", {}),
		).rejects.toBeDefined();
		await call.end();
	});
});

describe("muting", () => {
	it("drops what the far end says", async () => {
		const call = await pair.call();
		const playing = call.far.play(endless(TONE_HZ));
		const file = pair.file("mute.wav");
		await call.near.mute();
		await sleep(100);
		await call.near.api("uuid_record", [call.near.uuid, "start", file]);
		await sleep(300);
		await call.near.api("uuid_record", [call.near.uuid, "stop", file]);
		expect(toneLevel(await heard(file), TONE_HZ)).toBeLessThan(0.005);
		const answer = await call.near.api("uuid_audio", [
			call.near.uuid,
			"start",
			"read",
			"mute",
			"-4",
		]);
		expect(answer.getBody()).toBe("+OK\n");
		await call.far.api("uuid_break", call.far.uuid);
		await playing;
		await call.end();
	});
});
