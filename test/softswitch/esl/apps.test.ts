import { describe, expect, it } from "vitest";
import { bridge, transferToPark } from "../../../softswitch/esl/bridge.js";
import { hangup } from "../../../softswitch/esl/hangup.js";
import { createRig, settle } from "./rig.js";

describe("playback", () => {
	it("tells of a sound from start to end and of how much was heard", async () => {
		const rig = createRig();
		rig.run("playback", "/tone.wav");
		await rig.pass(1000);
		expect(rig.told()).toEqual([
			"CHANNEL_EXECUTE playback",
			"PLAYBACK_START",
			"PLAYBACK_STOP done",
			"CHANNEL_EXECUTE_COMPLETE playback",
		]);
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			"Application-Response": "FILE PLAYED",
			"Application-UUID": "e1",
			variable_playback_seconds: "1",
			variable_playback_ms: "1000",
			variable_playback_last_offset_pos: "8000",
		});
	});

	it("plays a list with a quarter of a second between its parts and sums up the offset, as FreeSWITCH does", async () => {
		const rig = createRig();
		rig.run("set", "playback_delimiter=!");
		rig.run(
			"playback",
			"/tone.wav!silence_stream://200!tone_stream://%(200,0,880)",
		);
		await rig.pass(1899);
		expect(rig.told()).not.toContain("CHANNEL_EXECUTE_COMPLETE playback");
		await rig.pass(1);
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			variable_playback_seconds: "0",
			variable_playback_ms: "200",
			variable_playback_last_offset_pos: "11200",
		});
		expect(rig.last("PLAYBACK_STOP").headers).toMatchObject({
			"Playback-File-Type": "tone_stream",
			"Playback-File-Path": "tone_stream://%(200,0,880)",
		});
	});

	it("answers FILE NOT FOUND for a sound that is not there", async () => {
		const rig = createRig();
		rig.run("playback", "/none.wav");
		await settle();
		expect(rig.told()).toEqual([
			"CHANNEL_EXECUTE playback",
			"CHANNEL_EXECUTE_COMPLETE playback",
		]);
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			"Application-Response": "FILE NOT FOUND",
		});
	});

	it("goes on with the list past a sound that is not there", async () => {
		const rig = createRig();
		rig.run("set", "playback_delimiter=!");
		rig.run("playback", "/none.wav!/tone.wav");
		await rig.pass(1250);
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			"Application-Response": "FILE PLAYED",
		});
	});

	it("starts where @@ says", async () => {
		const rig = createRig();
		rig.run("playback", "/tone.wav@@6000");
		await rig.pass(250);
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			variable_playback_samples: "2000",
			variable_playback_last_offset_pos: "8000",
		});
	});

	it("is stopped by a break, and counts what was read ahead", async () => {
		const rig = createRig();
		rig.run("playback", "tone_stream://%(8000,0,440)");
		await rig.pass(700);
		rig.channel.break();
		await settle();
		expect(rig.told().slice(2)).toEqual([
			"PLAYBACK_STOP break",
			"CHANNEL_EXECUTE_COMPLETE playback",
		]);
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			"Application-Response": "FILE PLAYED",
			variable_playback_ms: "2048",
			variable_playback_seconds: "2",
			variable_playback_last_offset_pos: "5600",
		});
	});

	it("loses only the sound that is heard to a break, not the rest of the list", async () => {
		const rig = createRig();
		rig.run("set", "playback_delimiter=!");
		rig.run("playback", "/tone.wav!/tone.wav");
		await rig.pass(100);
		rig.channel.break();
		await rig.pass(1249);
		expect(rig.told().filter((name) => name === "PLAYBACK_START")).toHaveLength(
			2,
		);
		await rig.pass(1);
		expect(rig.told().at(-1)).toBe("CHANNEL_EXECUTE_COMPLETE playback");
	});

	it("hears no terminator unless there is one, then stops the whole list", async () => {
		const rig = createRig();
		rig.run("playback", "/tone.wav");
		await rig.pass(100);
		rig.press("*");
		await settle();
		expect(rig.told()).not.toContain("PLAYBACK_STOP break");
		await rig.pass(900);
		rig.run("multiset", "^^^playback_terminators=#^playback_delimiter=!");
		rig.run("playback", "/tone.wav!/tone.wav");
		await rig.pass(100);
		rig.press("#");
		await settle();
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			Application: "playback",
			variable_playback_terminator_used: "#",
		});
	});

	it("ends after playback_timeout_sec, but not for less than two seconds", async () => {
		const rig = createRig();
		rig.run("set", "playback_timeout_sec=1");
		rig.run("playback", "tone_stream://%(3000,0,440)");
		await rig.pass(3000);
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			"Application-Response": "FILE PLAYED",
		});
		rig.run("set", "playback_timeout_sec=2");
		rig.run("playback", "tone_stream://%(3000,0,440)");
		await rig.pass(2000);
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			"Application-Response": "PLAYBACK ERROR",
			variable_playback_ms: "2048",
			variable_playback_last_offset_pos: "16000",
		});
	});
});

describe("applications", () => {
	it("nest: the newer is heard, the older goes on afterwards", async () => {
		const rig = createRig();
		rig.run("playback", "tone_stream://%(2000,0,440)");
		await rig.pass(300);
		rig.run("set", "a=b");
		rig.run("playback", "tone_stream://%(600,0,880)");
		await rig.pass(600);
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			"Application-Data": "tone_stream://%(600,0,880)",
		});
		await rig.pass(1699);
		expect(rig.told().at(-1)).toBe("CHANNEL_EXECUTE_COMPLETE playback");
		await rig.pass(1);
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			"Application-Data": "tone_stream://%(2000,0,440)",
			variable_playback_last_offset_pos: "16000",
		});
	});

	it("are all stopped by one break, from the innermost outward", async () => {
		const rig = createRig();
		rig.run("playback", "tone_stream://%(2000,0,440)");
		rig.run("playback", "tone_stream://%(600,0,880)");
		await rig.pass(100);
		rig.channel.break();
		await settle();
		expect(rig.told().filter((name) => name.includes("COMPLETE"))).toHaveLength(
			2,
		);
	});

	it("fail loudly where they are not emulated", () => {
		const rig = createRig();
		for (const app of [
			"conference",
			"avmd_start",
			"say",
			"__proto__",
			"toString",
		]) {
			rig.run(app, "x");
			expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
				Application: app,
				"Application-Response": `-ERR ${app} is not emulated`,
			});
		}
	});

	it(`never run \${…} as a command`, () => {
		const rig = createRig();
		for (const data of [
			`x=\${system touch /tmp/x}`,
			`x=\${system(touch /tmp/x)}`,
			`x=\\\${system touch /tmp/x}`,
			`x=\${a[0]}`,
			`x=\${unended`,
		]) {
			rig.run("set", data);
			expect(
				rig.last("CHANNEL_EXECUTE_COMPLETE").headers["Application-Response"],
			).toMatch(/^-ERR .* not emulated$/);
			expect(rig.channel.variables.get("x")).toBeUndefined();
		}
	});

	it(`fill \${name} from the channel's variables`, () => {
		const rig = createRig();
		rig.run("set", "a=1");
		rig.run("set", `b=<\${A}\${none}>`);
		expect(rig.channel.variables.get("b")).toBe("<1>");
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			"Application-Data": "b=<1>",
		});
	});

	it("survive variables that name each other for ever", () => {
		const rig = createRig();
		for (let i = 0; i < 40; i++)
			rig.run("set", `a${i}=\\\\\${a${i + 1}}\\\\\${a${i + 1}}`);
		rig.channel.variables.set("a0", `\${a1}\${a1}`);
		for (let i = 1; i < 40; i++)
			rig.channel.variables.set(`a${i}`, `\${a${i + 1}}\${a${i + 1}}`);
		rig.run("set", `x=\${a0}`);
		expect(
			rig.last("CHANNEL_EXECUTE_COMPLETE").headers["Application-Response"],
		).toMatch(/^-ERR/);
	});

	it("set several variables at once and remove them", () => {
		const rig = createRig();
		rig.run("multiset", "^^^a=1^b=2 3^c=");
		expect(rig.channel.variables.get("b")).toBe("2 3");
		rig.run("unset", "b");
		expect(rig.channel.variables.get("b")).toBeUndefined();
		rig.run("export", "d=4");
		expect(rig.channel.variables.get("export_vars")).toBe("d");
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			variable_a: "1",
			variable_d: "4",
		});
	});

	it("mute, and send digits by RTP or, without telephone-event, by INFO", async () => {
		const rig = createRig();
		rig.run("set_mute", "read true");
		rig.run("send_dtmf", "1#@100");
		await settle();
		expect(rig.stream.notes).toEqual(["mute read true"]);
		expect(rig.stream.sent).toEqual(["1@100", "#@100"]);
		rig.channel.variables.set("dtmf_type", "info");
		rig.run("send_dtmf", "12#");
		await settle();
		expect(rig.leg.infos[0]).toBe(
			"application/dtmf-relay Signal=1\r\nDuration=250\r\n",
		);
		expect(rig.leg.infos).toHaveLength(3);
	});
});

describe("digits", () => {
	it("are told of and dropped while parked, and do not leak into the next collecting", async () => {
		const rig = createRig();
		rig.press("12");
		expect(rig.told()).toEqual(["DTMF 1", "DTMF 2"]);
		expect(rig.last("DTMF").headers).toMatchObject({
			"DTMF-Duration": "2240",
			"DTMF-Source": "RTP",
		});
		rig.run(
			"play_and_get_digits",
			"1 1 1 1000 # silence silence_stream://20 d \\d+",
		);
		await rig.pass(2000);
		expect(rig.channel.variables.get("d")).toBeUndefined();
	});

	it("wait while an application reads none", async () => {
		const rig = createRig();
		rig.run(
			"play_and_get_digits",
			"1 1 2 1000 # silence silence_stream://500 d \\d+",
		);
		await rig.pass(1200);
		rig.press("7");
		await settle();
		expect(rig.told()).not.toContain("DTMF 7");
		await rig.pass(300);
		expect(rig.channel.variables.get("d")).toBe("7");
	});

	it("pass to the other leg of a bridge", async () => {
		const rig = createRig();
		const other = rig.another();
		bridge(rig.engine, other, rig.channel);
		await settle();
		// One that came by RTP is passed on by the RTP part.
		other.pushDigit({ digit: "4", duration: 800, source: "RTP" });
		other.pushDigit({ digit: "5", duration: 800, source: "ENDPOINT" });
		await settle();
		expect(rig.stream.sent).toEqual(["5@100"]);
		rig.channel.variables.set("dtmf_type", "info");
		other.pushDigit({ digit: "6", duration: 800, source: "RTP" });
		await settle();
		expect(rig.leg.infos).toHaveLength(1);
	});
});

describe("hang-up", () => {
	it("ends what runs in FreeSWITCH's order", async () => {
		const rig = createRig();
		rig.run("playback", "tone_stream://%(8000,0,440)");
		await rig.pass(1440);
		rig.run("hangup");
		await settle();
		expect(rig.told().slice(2)).toEqual([
			"CHANNEL_EXECUTE hangup",
			"CHANNEL_HANGUP",
			"CHANNEL_EXECUTE_COMPLETE hangup",
			"PLAYBACK_STOP done",
			"CHANNEL_EXECUTE_COMPLETE playback",
			"CHANNEL_EXECUTE_COMPLETE socket",
			"CHANNEL_CALLSTATE HANGUP",
			"CHANNEL_HANGUP_COMPLETE",
			"CHANNEL_DESTROY",
		]);
		expect(rig.last("CHANNEL_CALLSTATE").headers).toMatchObject({
			"Original-Channel-Call-State": "ACTIVE",
			"Channel-Call-State-Number": "7",
			"Channel-State": "CS_HANGUP",
			"Channel-State-Number": "10",
			"Answer-State": "hangup",
			"Hangup-Cause": "NORMAL_CLEARING",
		});
		expect(rig.leg.byes).toBe(1);
		expect(rig.engine.channels.size).toBe(0);
		expect(rig.stream.notes.at(-1)).toBe("close");
	});

	it("ends nested applications from the innermost outward", async () => {
		const rig = createRig();
		rig.run("playback", "tone_stream://%(8000,0,440)");
		rig.run(
			"play_and_get_digits",
			"1 4 3 9000 # silence silence_stream://250 d \\d+",
		);
		await rig.pass(100);
		hangup(rig.engine, rig.channel, "NORMAL_CLEARING");
		await settle();
		const completed = rig.told().filter((name) => name.includes("COMPLETE "));
		expect(completed).toEqual([
			"CHANNEL_EXECUTE_COMPLETE play_and_get_digits",
			"CHANNEL_EXECUTE_COMPLETE playback",
			"CHANNEL_EXECUTE_COMPLETE socket",
		]);
	});

	it("follows the loss of the media", async () => {
		const rig = createRig();
		rig.run("playback", "/tone.wav");
		await settle();
		rig.stream.die();
		await settle();
		expect(rig.leg.byes).toBe(1);
		expect(rig.engine.channels.size).toBe(0);
	});

	it("happens once, and nothing runs afterwards", async () => {
		const rig = createRig();
		hangup(rig.engine, rig.channel, "USER_BUSY");
		hangup(rig.engine, rig.channel, "NORMAL_CLEARING");
		rig.run("playback", "/tone.wav");
		await settle();
		expect(rig.leg.byes).toBe(1);
		expect(rig.told().filter((name) => name.includes("playback"))).toEqual([]);
		expect(rig.last("CHANNEL_HANGUP").headers["Hangup-Cause"]).toBe(
			"USER_BUSY",
		);
	});
});

describe("a bridge", () => {
	it("takes both legs out of what they do, tells so, and joins their sound", async () => {
		const rig = createRig();
		const other = rig.another();
		rig.run("playback", "/tone.wav");
		await rig.pass(100);
		bridge(rig.engine, rig.channel, other);
		await settle();
		expect(rig.told().slice(2)).toEqual([
			"PLAYBACK_STOP done",
			"CHANNEL_EXECUTE_COMPLETE playback",
			"CHANNEL_EXECUTE_COMPLETE socket",
			"CHANNEL_EXECUTE_COMPLETE socket",
			"CHANNEL_EXECUTE uuid_bridge",
			"CHANNEL_EXECUTE uuid_bridge",
			"CHANNEL_BRIDGE",
		]);
		expect(rig.last("CHANNEL_BRIDGE").headers).toMatchObject({
			"Bridge-A-Unique-ID": rig.channel.uuid,
			"Bridge-B-Unique-ID": other.uuid,
		});
		expect(rig.stream.notes).toEqual(["bridge"]);
		expect(other.callUuid).toBe(rig.channel.uuid);
	});

	it("is undone by a transfer to park, after which both legs can play again", async () => {
		const rig = createRig();
		const other = rig.another();
		bridge(rig.engine, rig.channel, other);
		await settle();
		rig.events.length = 0;
		transferToPark(rig.engine, rig.channel, true);
		rig.run("playback", "/tone.wav");
		await rig.pass(1000);
		expect(rig.told()).toEqual([
			"CHANNEL_UNBRIDGE",
			"CHANNEL_CALLSTATE RINGING",
			"CHANNEL_CALLSTATE ACTIVE",
			"CHANNEL_EXECUTE park",
			"CHANNEL_PARK",
			"CHANNEL_CALLSTATE RINGING",
			"CHANNEL_CALLSTATE ACTIVE",
			"CHANNEL_EXECUTE park",
			"CHANNEL_PARK",
			"CHANNEL_EXECUTE playback",
			"PLAYBACK_START",
			"PLAYBACK_STOP done",
			"CHANNEL_EXECUTE_COMPLETE playback",
		]);
		expect(other.peer).toBeNull();
	});

	it("takes the other leg with it, unless that one parks after a bridge", async () => {
		for (const parks of [false, true]) {
			const rig = createRig();
			const other = rig.another();
			if (parks) other.variables.set("park_after_bridge", "true");
			bridge(rig.engine, rig.channel, other);
			await settle();
			rig.run("hangup");
			await settle();
			expect(other.isDown).toBe(!parks);
			expect(rig.told().includes("CHANNEL_PARK")).toBe(parks);
			expect(other.variables.get("bridge_hangup_cause")).toBe(
				"NORMAL_CLEARING",
			);
		}
	});
});

describe("bridges that cross", () => {
	it("leave the leg that was left behind parked", async () => {
		const rig = createRig();
		const [second, third] = [rig.another(), rig.another()];
		for (const leg of [rig.channel, second, third])
			leg.variables.set("park_after_bridge", "true");
		bridge(rig.engine, rig.channel, second);
		bridge(rig.engine, rig.channel, third);
		await settle();
		expect(rig.channel.peer).toBe(third);
		expect(third.peer).toBe(rig.channel);
		expect(second.peer).toBeNull();
		expect(second.isDown).toBe(false);
	});

	it("with a hang-up take the other leg down", async () => {
		const rig = createRig();
		const other = rig.another();
		bridge(rig.engine, rig.channel, other);
		hangup(rig.engine, other, "NORMAL_CLEARING");
		await settle();
		expect(rig.channel.isDown).toBe(true);
		expect(rig.engine.channels.size).toBe(0);
	});

	it("leave nothing parked that nobody controls", async () => {
		const rig = createRig();
		const other = rig.another();
		rig.channel.variables.set("park_after_bridge", "true");
		bridge(rig.engine, rig.channel, other);
		await settle();
		rig.channel.isControlled = false;
		hangup(rig.engine, other, "NORMAL_CLEARING");
		await settle();
		expect(rig.engine.channels.size).toBe(0);
	});

	it("run what was asked meanwhile once they are done", async () => {
		const rig = createRig();
		const other = rig.another();
		bridge(rig.engine, rig.channel, other);
		rig.run("playback", "/tone.wav");
		expect(rig.told()).toEqual([]);
		await rig.pass(1000);
		expect(rig.told().at(-1)).toBe("CHANNEL_EXECUTE_COMPLETE playback");
		expect(rig.channel.peer).toBe(other);
	});
});

describe("recording", () => {
	it("of what arrives ends between its limit and a second later, and tells how long it is", async () => {
		const rig = createRig();
		rig.run("record", "/r.wav 2 200 5");
		await rig.pass(2999);
		expect(rig.told()).toEqual(["CHANNEL_EXECUTE record", "RECORD_START"]);
		await rig.pass(1);
		expect(rig.told().slice(2)).toEqual([
			"RECORD_STOP",
			"CHANNEL_EXECUTE_COMPLETE record",
		]);
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			"Application-Response": "_none_",
			variable_record_seconds: "3",
			variable_record_ms: "3000",
			variable_record_samples: "24000",
			variable_record_file_size: "48044",
			variable_silence_hits_exhausted: "false",
		});
	});

	it("of a session is whole when stop_record_session is done", async () => {
		const rig = createRig();
		rig.run("record_session", `${process.cwd()}/x.wav`);
		await expect.poll(rig.told).toContain("RECORD_START");
		await rig.pass(1000);
		rig.run("stop_record_session", `${process.cwd()}/x.wav`);
		await settle();
		expect(rig.told().slice(-3)).toEqual([
			"CHANNEL_EXECUTE stop_record_session",
			"RECORD_STOP",
			"CHANNEL_EXECUTE_COMPLETE stop_record_session",
		]);
		expect(rig.last("RECORD_STOP").headers).toMatchObject({
			"Record-Completion-Cause": "success-maxtime",
		});
	});

	it("refuses what it would do otherwise than FreeSWITCH", async () => {
		const rig = createRig();
		rig.run("set", "RECORD_APPEND=true");
		rig.run("record", "/r.wav");
		await settle();
		expect(rig.last("CHANNEL_EXECUTE_COMPLETE").headers).toMatchObject({
			"Application-Response": "-ERR RECORD_APPEND is not emulated",
		});
	});
});
