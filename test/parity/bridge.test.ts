import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { inRealTime } from "../support/in-real-time.js";
import { expectTone, recorded } from "./hearing.js";
import { type Call, it, type Lab, next } from "./lab.js";

inRealTime();

const ONE_HZ = 500;
const OTHER_HZ = 800;
const LAST_HZ = 1100;
const stream = (milliseconds: number, hz: number) =>
	`tone_stream://%(${milliseconds},0,${hz})`;

/** Two calls that are up; what each phone says is a tone of its own. */
async function speakers(lab: Lab): Promise<[Call, Call]> {
	const [one, other] = [await lab.call(), await lab.call()];
	void one.phone.play(stream(15_000, ONE_HZ));
	void other.phone.play(stream(15_000, OTHER_HZ));
	return [one, other];
}

describe.concurrent("a bridge", () => {
	it("joins two phones until it is undone; then both can hear sounds again", async ({
		lab,
	}) => {
		const [one, other] = await speakers(lab);
		await sleep(400);
		await one.endpoint.bridge(other.endpoint);
		await sleep(800);
		await one.endpoint.unbridge();
		await sleep(200);
		const [first, second] = await Promise.all([
			one.endpoint.play(stream(300, LAST_HZ)),
			other.endpoint.play(stream(300, LAST_HZ)),
		]);
		expect(first.playbackMilliseconds).toBe("300");
		expect(second.playbackMilliseconds).toBe("300");
		for (const [{ heard }, far, own] of [
			[one, OTHER_HZ, ONE_HZ],
			[other, ONE_HZ, OTHER_HZ],
		] as const) {
			const samples = await heard();
			expectTone(samples, far, 800);
			expectTone(samples, own, 0);
			expectTone(samples, LAST_HZ, 300);
		}
	});

	it("is told by both legs' variables", async ({ lab }) => {
		const [one, other] = await speakers(lab);
		await one.endpoint.bridge(other.endpoint);
		await sleep(300);
		const variables = await one.endpoint.getChannelVariables(false);
		expect(variables).toMatchObject({
			variable_bridge_uuid: other.endpoint.uuid,
			variable_signal_bond: other.endpoint.uuid,
			"Channel-Call-UUID": one.endpoint.uuid,
		});
		expect(await other.endpoint.getChannelVariables(false)).toMatchObject({
			variable_bridge_uuid: one.endpoint.uuid,
			"Channel-Call-UUID": one.endpoint.uuid,
		});
	});

	it("is there once bridge_to says so, and no more when it does not", async ({
		lab,
	}) => {
		const [one, other] = [await lab.call(), await lab.call()];
		const joinedTo = async () => {
			const { endpoint } = one;
			const words = [endpoint.uuid, "bridge_to"];
			return (await endpoint.api("uuid_getvar", words)).getBody();
		};
		for (const _round of [1, 2]) {
			await one.endpoint.bridge(other.endpoint);
			await expect.poll(joinedTo).toBe(other.endpoint.uuid);
			await one.endpoint.unbridge();
			await expect.poll(joinedTo).toBe("_undef_");
		}
		// had they not been joined, FreeSWITCH would have ended the other one
		const { playbackMilliseconds } = await other.endpoint.play(
			stream(300, LAST_HZ),
		);
		expect(playbackMilliseconds).toBe("300");
	});

	it("passes digits on, once each", async ({ expect, lab }) => {
		const [one, other] = [await lab.call(), await lab.call()];
		await one.endpoint.bridge(other.endpoint);
		await sleep(200);
		await one.phone.press("42#");
		await expect.poll(() => other.phone.digits, { timeout: 3000 }).toBe("42#");
		await sleep(300);
		expect(other.phone.digits).toBe("42#");
		expect(one.phone.digits).toBe("");
	});

	it("ends a sound that plays", async ({ lab }) => {
		const [one, other] = await speakers(lab);
		const playing = one.endpoint.play(stream(8000, LAST_HZ));
		await sleep(400);
		await one.endpoint.bridge(other.endpoint);
		await playing;
		await sleep(500);
		const samples = await one.heard();
		expectTone(samples, LAST_HZ, 400);
		expectTone(samples, OTHER_HZ, 500);
	});

	it("is recorded with the own phone left and the other one right", async ({
		engines,
		lab,
	}) => {
		const [one, other] = await speakers(lab);
		await one.endpoint.bridge(other.endpoint);
		await one.endpoint.set({ RECORD_STEREO: true });
		const file = engines.file("bridge.wav");
		await one.endpoint.api("uuid_record", [one.endpoint.uuid, "start", file]);
		await sleep(800);
		await one.endpoint.api("uuid_record", [one.endpoint.uuid, "stop", file]);
		const [left, right] = [await recorded(file, 0), await recorded(file, 1)];
		expectTone(left, ONE_HZ, 800);
		expectTone(left, OTHER_HZ, 0);
		expectTone(right, OTHER_HZ, 800);
		expectTone(right, ONE_HZ, 0);
	});

	it("with nobody is refused", async ({ lab }) => {
		const { endpoint } = await lab.call();
		const nobody = "00000000-0000-4000-8000-000000000000";
		const words = [endpoint.uuid, nobody];
		const answer = await endpoint.api("uuid_bridge", words);
		expect(answer.getBody()).toBe("-ERR Invalid uuid\n");
	});
});

describe.concurrent("when one of two bridged legs hangs up", () => {
	it("the other one stays, and can hear sounds again", async ({ lab }) => {
		const [one, other] = await speakers(lab);
		await one.endpoint.bridge(other.endpoint);
		await sleep(300);
		await one.dialog.destroy();
		await one.endpoint.destroy();
		await sleep(300);
		expect(other.endpoint.connected).toBe(true);
		const played = await other.endpoint.play(stream(300, LAST_HZ));
		expect(played.playbackMilliseconds).toBe("300");
		expect(other.phone.state).toBe("answered");
		expectTone(await other.heard(), LAST_HZ, 300);
	});

	it("the other one goes too if it does not park after a bridge", async ({
		lab,
	}) => {
		const [one, other] = await speakers(lab);
		await other.endpoint.set({ park_after_bridge: false });
		await one.endpoint.bridge(other.endpoint);
		await sleep(300);
		const gone = next(other.endpoint, "destroy");
		await one.endpoint.destroy();
		await gone;
		expect(other.endpoint.connected).toBe(false);
	});
});

describe.concurrent("muting", () => {
	it("keeps what the phone says from the other leg until it is undone", async ({
		lab,
	}) => {
		const [one, other] = await speakers(lab);
		await one.endpoint.bridge(other.endpoint);
		await sleep(600);
		const words = (level: string) => [
			one.endpoint.uuid,
			"start",
			"read",
			"mute",
			level,
		];
		const muted = await one.endpoint.api("uuid_audio", words("1"));
		expect(muted.getBody()).toBe("+OK\n");
		await sleep(600);
		const undone = await one.endpoint.api("uuid_audio", words("0"));
		expect(undone.getBody()).toBe("+OK\n");
		await sleep(600);
		expectTone(await other.heard(), ONE_HZ, 1200);
	});

	it("by an application keeps it from a recording", async ({
		engines,
		lab,
	}) => {
		const { endpoint, phone } = await lab.call();
		void phone.play(stream(15_000, ONE_HZ));
		void endpoint.play("silence_stream://15000");
		const file = engines.file("muted.wav");
		await endpoint.api("uuid_record", [endpoint.uuid, "start", file]);
		await sleep(600);
		await endpoint.mute();
		await sleep(600);
		await endpoint.unmute();
		await sleep(600);
		await endpoint.api("uuid_record", [endpoint.uuid, "stop", file]);
		expectTone(await recorded(file), ONE_HZ, 1200);
	});

	it("of what is sent leaves the phone in silence", async ({ lab }) => {
		const { endpoint, heard } = await lab.call();
		const words = [endpoint.uuid, "start", "write", "mute", "1"];
		await endpoint.api("uuid_audio", words);
		await endpoint.play(stream(400, ONE_HZ));
		await endpoint.api("uuid_audio", [endpoint.uuid, "stop"]);
		await endpoint.play(stream(400, OTHER_HZ));
		const samples = await heard();
		expectTone(samples, ONE_HZ, 0);
		expectTone(samples, OTHER_HZ, 400);
	});
});
