import { describe, expect } from "vitest";
import { inRealTime } from "../support/in-real-time.js";
import type { Endpoint } from "./fsmrf.js";
import { expectTone, recorded } from "./hearing.js";
import { it } from "./lab.js";

inRealTime();

const TONE_HZ = 500;
const TONE = `tone_stream://%(400,0,${TONE_HZ})`;

/** FreeSWITCH moves its sound a moment after it has answered the re-INVITE. */
async function remotePort(of: Endpoint) {
	return (await of.getChannelVariables(false)).variable_remote_media_port;
}

describe("an endpoint", () => {
	it("made without a far end offers audio and digits, and exists until it is destroyed", async ({
		engines,
		lab,
	}) => {
		const made = await lab.endpoint();
		expect(made.local.sdp).toMatch(/^m=audio \d+ RTP\/AVP 0 8 .*\b101\b/m);
		expect(made.local.sdp).toMatch(/^a=rtpmap:101 telephone-event\/8000/m);
		expect(made.local.sdp).toMatch(/^c=IN IP4 127\.0\.0\.1/m);
		expect(made.local.sdp).toContain(`m=audio ${made.local.mediaPort} `);
		expect(made.local.mediaIp).toBe("127.0.0.1");
		expect(made.sip.callId).toBe(made.dialog.sip.callId);
		const { media } = engines;
		expect(await media.api(`uuid_exists ${made.uuid}`)).toBe("true");
		await made.destroy();
		expect(made.connected).toBe(false);
		await expect
			.poll(() => media.api(`uuid_exists ${made.uuid}`))
			.toBe("false");
	});

	it("made for a far end answers its offer, and can be moved to another", async ({
		engines,
		lab,
	}) => {
		const first = await lab.endpoint();
		const second = await lab.endpoint({ remoteSdp: first.local.sdp });
		expect(second.remote.mediaPort).toBe(first.local.mediaPort);
		await first.modify(second.local.sdp);
		await expect.poll(() => remotePort(first)).toBe(second.local.mediaPort);
		expect(first.dtmfType).toBe("rfc2833");
		const third = await lab.endpoint({ remoteSdp: first.local.sdp });
		await first.modify(third.local.sdp);
		await expect.poll(() => remotePort(first)).toBe(third.local.mediaPort);
		const files = [engines.file("second.wav"), engines.file("third.wav")];
		const recording = [second, third].map((each, at) =>
			each.record(files[at] ?? "", { timeLimitSecs: 1 }),
		);
		await first.play(TONE);
		await first.play(TONE);
		await Promise.all(recording);
		const [old, moved] = await Promise.all(files.map((file) => recorded(file)));
		expectTone(old ?? new Int16Array(), TONE_HZ, 0);
		expectTone(moved ?? new Int16Array(), TONE_HZ, 800);
	});

	it("speaks the law that the far end knows", async ({ lab }) => {
		for (const codec of ["PCMU", "PCMA"] as const) {
			const { endpoint: near, heard } = await lab.call({}, { codecs: [codec] });
			await near.play(TONE);
			const variables = await near.getChannelVariables(true);
			expect(variables["Channel-Read-Codec-Name"]).toBe(codec);
			expect(variables["Channel-Write-Codec-Name"]).toBe(codec);
			expectTone(await heard(), TONE_HZ, 400);
		}
	});

	it("refuses an offer without a codec that it knows", async ({
		engines,
		lab,
	}) => {
		const made = await lab.endpoint();
		const remoteSdp = made.local.sdp
			.replace(/^m=audio.*$/m, "m=audio 4000 RTP/AVP 96")
			.replace(/^a=(rtpmap|fmtp).*\r\n/gm, "")
			.concat("a=rtpmap:96 X-NOBODY/8000\r\n");
		await expect(
			engines.media.createEndpoint({ remoteSdp }),
		).rejects.toMatchObject({ status: 488 });
	});
});

describe("its variables", () => {
	it("tell of the leg and of its sound", async ({ lab }) => {
		const { endpoint: near, dialog } = await lab.call({
			actions: [{ at: { after: "answer", ms: 0 }, type: "play", sound: TONE }],
		});
		await near.play(TONE);
		const variables = await near.getChannelVariables(true);
		expect(variables).toMatchObject({
			"Unique-ID": near.uuid,
			"Channel-State": "CS_EXECUTE",
			"Channel-Call-State": "ACTIVE",
			"Call-Direction": "inbound",
			"Answer-State": "answered",
			"Caller-Destination-Number": "drachtio",
			variable_uuid: near.uuid,
			variable_sip_call_id: near.sip.callId,
			variable_sofia_profile_name: "drachtio_mrf",
			variable_hangup_after_bridge: "false",
			variable_park_after_bridge: "true",
			variable_endpoint_disposition: "ANSWER",
			variable_local_media_ip: "127.0.0.1",
			variable_local_media_port: near.local.mediaPort,
			variable_remote_media_ip: "127.0.0.1",
			variable_remote_media_port: /^m=audio (\d+)/m.exec(
				dialog.remote.sdp,
			)?.[1],
		});
		expect(variables.variable_sip_user_agent).toMatch(/^drachtio-fsmrf:/);
		expect(variables.variable_rtp_audio_in_packet_count).toBeGreaterThan(5);
		expect(variables.variable_rtp_audio_out_packet_count).toBeGreaterThan(15);
	});

	it("are set one by one and several at once", async ({ lab }) => {
		const near = await lab.endpoint();
		const get = async (name: string) =>
			(await near.api("uuid_getvar", [near.uuid, name])).getBody();
		await near.set({ color: "green" });
		expect(await get("color")).toBe("green");
		expect(await get("COLOR")).toBe("green");
		await near.set({ one: "1", two: "2 and more", quoted: "it's" });
		expect(await get("one")).toBe("1");
		expect(await get("two")).toBe("2 and more");
		expect(await get("quoted")).toBe("it's");
		expect(await get("nobody")).toBe("_undef_");
		await near.set({ copy: "$" + "{color} and $" + "{nobody}" });
		expect(await get("copy")).toBe("green and ");
		await near.set({ color: "" });
		expect(await get("color")).toBe("_undef_");
		const unset = await near.execute("unset", "one");
		expect(unset.getHeader("variable_one")).toBeNull();
		expect(unset.getHeader("variable_two")).toBe("2 and more");
	});

	it("are set and read through the api of any connection", async ({
		engines,
		lab,
	}) => {
		const near = await lab.endpoint();
		const { media } = engines;
		const set = `uuid_setvar ${near.uuid} color`;
		expect(await media.api(`${set} light green`)).toBe("+OK\n");
		const get = `uuid_getvar ${near.uuid} color`;
		expect(await media.api(get)).toBe("light green");
		expect(await media.api(set)).toBe("+OK\n");
		expect(await media.api(get)).toBe("_undef_");
	});

	it("are gone with it", async ({ engines, lab }) => {
		const near = await lab.endpoint();
		await near.destroy();
		const { media } = engines;
		await expect
			.poll(() => media.api(`uuid_getvar ${near.uuid} uuid`))
			.toBe("-ERR No such channel!\n");
	});
});

describe("a phone", () => {
	it("is heard as soon as it answers", async ({ engines, lab }) => {
		const callee = await lab.phone();
		const near = await lab.endpoint();
		const dialog = await lab.dial(callee.uri, near);
		expect(dialog.remote.sdp).toMatch(/^m=audio \d+ RTP\/AVP 0/m);
		await near.modify(dialog.remote.sdp);
		const file = engines.file("heard.wav");
		const recording = near.record(file, { timeLimitSecs: 1 });
		await callee.calls[0]?.play(TONE);
		await recording;
		expectTone(await recorded(file), TONE_HZ, 400);
	});
});
