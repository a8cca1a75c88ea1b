import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { toneLevel } from "../../audio/tones.js";
import { parseWav } from "../../audio/wav.js";
import { useService } from "../support/service.js";
import { hasSipp, reservePort } from "../support/sipp.js";
import { answers, invited, isHungUp, rings } from "../support/sipp-scenario.js";
import {
	type SoftswitchProcess,
	startSoftswitchProcess,
} from "../support/softswitch-process.js";

const TONE_HZ = 440;

describe.skipIf(!hasSipp)("a FreeSWITCH that shares no folder", () => {
	let softswitch: SoftswitchProcess | undefined;
	afterAll(() => softswitch?.child.exit("SIGKILL"));
	let api = "";
	const service = useService(async () => {
		softswitch = await startSoftswitchProcess();
		const port = (await reservePort()) + 1;
		api = `http://127.0.0.1:${port}`;
		return {
			DRACHTIO: `127.0.0.1:${softswitch.control}:cymru`,
			FREESWITCH: `127.0.0.1:${softswitch.eventSocket}:ClueCon`,
			...{ SIP_ALLOW: "127.0.0.1", HTTP_PORT: String(port), MEDIA_URL: api },
		};
	});

	/** A call that plays so many milliseconds of a tone, until it is hung up. */
	async function recorded(milliseconds: number) {
		const phone = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const url = service.backend.tone(TONE_HZ, milliseconds);
		const call = await service.call(
			phone.uri,
			[{ id: "tone", type: "play", url }],
			{ record: true },
		);
		return { phone, call };
	}

	it("fetches what it plays, and leaves what it has recorded", async () => {
		const { phone, call } = await recorded(1_500);
		const ended = await call.ended();
		expect(ended.end).toMatchObject({ reason: "completed" });
		expect(ended.events.map(({ type }) => type)).toContain("recording.ready");
		const answer = await call.recording();
		const wav = parseWav(new Uint8Array(await answer.arrayBuffer()));
		const right = wav.samples.filter((_, at) => at % 2 === 1);
		expect(toneLevel(right.subarray(2_000, -2_000), TONE_HZ)).toBeGreaterThan(
			0.15,
		);
		await phone.done;
	});

	it("leaves what it has recorded of a call that the service ends", async () => {
		const { phone, call } = await recorded(20_000);
		await call.event("step.started", "tone");
		await sleep(500);
		await call.stop();
		const { events, end } = await call.ended();
		expect(end).toMatchObject({ reason: "stopped" });
		expect(events.map(({ type }) => type)).toContain("recording.ready");
		await phone.done;
	});

	it.each([
		["GET", "/media/9999999999/AAAA/sounds/a.wav"],
		["PUT", "/media/9999999999/AAAA/recordings/a.wav"],
		["GET", "/media/9999999999/AAAA/recordings/..%2fflowdial.lock"],
	])("gives nothing to who has signed %s %s himself", async (method, path) => {
		const answer = await fetch(`${api}${path}`, {
			method,
			...(method === "PUT" && { body: "RIFF" }),
		});
		expect(answer.status).toBe(404);
	});

	it("does not keep a call from its end once it is lost", async () => {
		const { call } = await recorded(20_000);
		await call.event("step.started", "tone");
		const before = performance.now();
		await softswitch?.child.exit("SIGKILL");
		const { events, end } = await call.ended();
		expect(end).toMatchObject({ reason: "engine_lost" });
		expect(events.map(({ type }) => type)).toContain("recording.failed");
		expect(performance.now() - before).toBeLessThan(15_000);
	});
});
