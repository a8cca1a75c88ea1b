import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toneLevel } from "../../audio/tones.js";
import { channelOf, parseWav } from "../../audio/wav.js";
import { type Phone, startPhone } from "../../softswitch/lab/phone.js";
import type { PhoneCall } from "../../softswitch/lab/phone-call.js";
import { newDataDir } from "../store/data-dir.js";
import { hum, keysIn, pressAloud } from "../support/pin-phone.js";
import {
	type SecureBackend,
	startSecureBackend,
} from "../support/secure-backend.js";
import { selfSigned } from "../support/self-signed.js";
import { type PostedCall, useService, walked } from "../support/service.js";
import { inAProcess } from "../support/service-process.js";

const BEFORE_HZ = 600;
const AFTER_HZ = 1_000;
const PROMPT_HZ = 440;
/** For a mask to be in place on a busy machine; the prompt is much longer. */
const MASKED_MS = 1_500;
const WINDOW = 400;

/** Seconds in which a tone is heard. */
function secondsOf(samples: Int16Array, hertz: number): number {
	let heard = 0;
	for (let at = 0; at + WINDOW <= samples.length; at += WINDOW)
		if (toneLevel(samples.subarray(at, at + WINDOW), hertz) > 0.05) heard++;
	return (heard * WINDOW) / 8_000;
}

describe("sensitive digits", { concurrent: true }, () => {
	let dataDir = "";
	let authority = "";
	let removeDataDir = () => {};
	let bank: SecureBackend;
	const phones: Phone[] = [];
	// hooks of this kind run last first: the folder goes after the service
	afterAll(() => {
		removeDataDir();
		rmSync(authority, { force: true });
	});
	const service = useService(async () => {
		({ dataDir, remove: removeDataDir } = await newDataDir());
		authority = `${dataDir}.pem`;
		writeFileSync(authority, selfSigned.cert);
		return {
			...{ DATA_DIR: dataDir, LOG_LEVEL: "debug" },
			NODE_EXTRA_CA_CERTS: authority,
		};
	}, inAProcess().launch);
	beforeAll(async () => {
		bank = await startSecureBackend(`${service.backend.url}/elsewhere`);
		return () =>
			Promise.all([bank.stop(), ...phones.map((phone) => phone.close())]);
	});

	/** A recorded call up to where the PIN is asked for; the callee has hummed. */
	async function asked(keypad: object, path = "/check") {
		const phone = await startPhone({ host: "127.0.0.1", port: 0 });
		phones.push(phone);
		const answered = once(phone, "answered") as Promise<[PhoneCall]>; // its event's arguments
		const tone = (id: string, milliseconds: number, next?: string) => ({
			...{ id, type: "play", next_step: next },
			url: service.backend.tone(PROMPT_HZ, milliseconds),
		});
		const gate = (id: string, next: string) => ({
			...{ id, type: "keypad", count: 1, timeout: 60, next_step: next },
		});
		const call = await service.call(
			phone.uri,
			[
				gate("before", "ask"),
				tone("ask", 20_000, "pin"),
				{
					...{ id: "pin", type: "keypad", count: 8, variable: "pin" },
					...{ timeout: 10, interdigit_timeout: 5, next_step: "check" },
					...keypad,
				},
				{
					...{ id: "check", type: "http", url: `${bank.url}${path}` },
					...{ method: "POST", body: { pin: "<<pin>>" }, next_step: "after" },
					headers: { "X-Pin": "<<pin>>" },
				},
				gate("after", "bye"),
				tone("bye", 1_000),
			],
			{ record: true },
		);
		const [leg] = await answered;
		await humAt(call, leg, "before", BEFORE_HZ);
		await call.event("step.started", "ask");
		await sleep(MASKED_MS);
		return { call, leg };
	}

	/** Hums while a step waits for a key, which is pressed afterwards without a tone. */
	async function humAt(
		call: PostedCall,
		leg: PhoneCall,
		step: string,
		hertz: number,
	) {
		await call.event("step.started", step);
		await hum(leg, hertz, 800);
		await leg.press("1", "info");
	}

	/** Types the PIN and hums until the flow has ended. */
	async function typed(pin: string, keypad: object, path?: string) {
		const { call, leg } = await asked(keypad, path);
		await pressAloud(leg, pin);
		await humAt(call, leg, "after", AFTER_HZ);
		return { call, told: await call.ended() };
	}

	const sent = (pin: string) =>
		bank.requests.filter(({ body }) => body.includes(pin));

	async function channels(call: PostedCall) {
		const answer = await call.recording();
		const wav = parseWav(new Uint8Array(await answer.arrayBuffer()));
		return { said: channelOf(wav, 0), heard: channelOf(wav, 1) };
	}

	/** Where something of a call is kept or told and the bytes are found. */
	async function leaks(call: PostedCall, bytes: string): Promise<string[]> {
		const read = async (path: string) =>
			(await service.fetch(path)).arrayBuffer();
		const files = readdirSync(dataDir, { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map((entry) => readFileSync(join(entry.parentPath, entry.name)));
		expect(files.length).toBeGreaterThan(100);
		expect(service.log).toContain("listens at");
		const places = {
			log: service.log,
			files: Buffer.concat(files),
			webhooks: JSON.stringify(service.backend.events(call.id)),
			events: await read(`/calls/${call.id}/events`),
			call: await read(`/calls/${call.id}`),
		};
		return Object.entries(places)
			.filter(([, place]) =>
				(typeof place === "string"
					? Buffer.from(place)
					: Buffer.from(new Uint8Array(place))
				).includes(bytes),
			)
			.map(([name]) => name);
	}

	it("reach the https address and no event, log, database or recording", async () => {
		const pin = "83920574";
		const { call, told } = await typed(pin, { sensitive: true });
		expect(walked(told)).toEqual([
			...["call answered", "before pressed", "ask interrupted"],
			...["pin pressed", "check success", "after pressed", "bye played"],
		]);
		expect(sent(pin)).toMatchObject([
			{ headers: { "x-pin": pin }, body: `{"pin":"${pin}"}` },
		]);
		expect(await leaks(call, pin)).toEqual([]);
		const { said, heard } = await channels(call);
		expect(keysIn(said)).toBe("");
		expect(secondsOf(said, BEFORE_HZ)).toBeGreaterThan(0.6);
		expect(secondsOf(said, AFTER_HZ)).toBeGreaterThan(0.6);
		// the sound after it, and nothing of the one that the keys stopped
		expect(secondsOf(heard, PROMPT_HZ)).toBeGreaterThan(0.5);
		expect(secondsOf(heard, PROMPT_HZ)).toBeLessThan(1.2);
	});

	it("are found in all of those where the step is not sensitive", async () => {
		const pin = "61847305";
		const { call } = await typed(pin, { flow: { [pin]: "check" } });
		expect(await leaks(call, pin)).toEqual(["files", "webhooks", "events"]);
		const { said, heard } = await channels(call);
		// a busy machine leaves gaps in tones: one may count twice, another not at all
		const recordedKeys = new Set(keysIn(said));
		expect(recordedKeys.size).toBeGreaterThan(3);
		expect(secondsOf(heard, PROMPT_HZ)).toBeGreaterThan(1.5);
	});

	it("are not in the name of an edge that the flow has for them", async () => {
		const pin = "27503918";
		const { call, told } = await typed(pin, {
			...{ sensitive: true, flow: { [pin]: "check" } },
		});
		expect(walked(told)).toContain("check success");
		// the flow itself, which was posted with them, is kept
		expect(await leaks(call, pin)).toEqual(["files"]);
	});

	it("follow no redirect", async () => {
		const pin = "90317462";
		const { call, told } = await typed(pin, { sensitive: true }, "/away");
		expect(walked(told)).toContain("check fail");
		const { data } = await call.event("step.finished", "check");
		expect(data.detail).toBe("answered 307");
		expect(sent(pin)).toHaveLength(1);
		expect(service.backend.requests).toEqual([]);
	});

	it.each(["callee", "service"])(
		"stay out of the recording where the %s ends the call while they are typed",
		async (by) => {
			const { call, leg } = await asked({ sensitive: true });
			await pressAloud(leg, "8392");
			if (by === "callee") await leg.hangUp();
			else {
				// never settles: the rest is pressed on a call that is over
				void pressAloud(leg, "057").catch(() => {});
				expect((await call.stop()).status).toBe(202);
			}
			const told = await call.ended();
			expect(walked(told).at(-1)).toBe("pin hangup");
			expect(told.events.at(-3)?.type).toBe("recording.ready");
			const { said } = await channels(call);
			expect(keysIn(said)).toBe("");
			expect(secondsOf(said, BEFORE_HZ)).toBeGreaterThan(0.3);
		},
	);
});
