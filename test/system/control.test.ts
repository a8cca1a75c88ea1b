import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { toneLevel } from "../../audio/tones.js";
import { channelOf, parseWav } from "../../audio/wav.js";
import { activeflowAnswer } from "../../server/activeflow-view.js";
import { callFlowAnswer } from "../../server/routes/get-call-flow.js";
import { type Phone, startPhone } from "../../softswitch/lab/phone.js";
import type { PhoneCall } from "../../softswitch/lab/phone-call.js";
import type { Script } from "../../softswitch/lab/script.js";
import { activeflowId } from "../../store/activeflow.js";
import { hum, keysIn, pressAloud } from "../support/pin-phone.js";
import { type PostedCall, useService, walked } from "../support/service.js";

const PROMPT_HZ = 440;
const ASKED_HZ = 900;
const CALLEE_HZ = 600;
const OTHER_HZ = 1_000;
const HOLD_HZ = 425;
const WINDOW = 400;

/** Seconds in which a tone is heard. */
function secondsOf(samples: Int16Array, hertz: number): number {
	let heard = 0;
	for (let at = 0; at + WINDOW <= samples.length; at += WINDOW)
		if (toneLevel(samples.subarray(at, at + WINDOW), hertz) > 0.05) heard++;
	return (heard * WINDOW) / 8_000;
}

describe("a call that is controlled", { concurrent: true }, () => {
	const service = useService();
	const phones: Phone[] = [];
	const folder = mkdtempSync(join(tmpdir(), "flowdial-control-"));
	afterAll(async () => {
		await Promise.all(phones.map((phone) => phone.close()));
		rmSync(folder, { recursive: true });
	});

	const tone = (id: string, hertz: number, seconds: number, next?: string) => ({
		...{ id, type: "play", next_step: next },
		url: service.backend.tone(hertz, seconds * 1_000),
	});
	const gate = (id: string, next?: string) => ({
		...{ id, type: "keypad", count: 1, timeout: 60, next_step: next },
	});

	async function phone(script: Script = {}): Promise<Phone> {
		const made = await startPhone({ host: "127.0.0.1", port: 0, script });
		phones.push(made);
		return made;
	}

	/** A call whose callee has answered and walks these steps. */
	async function answered(steps: object[], body: object = { record: true }) {
		const callee = await phone();
		const answer = once(callee, "answered") as Promise<[PhoneCall]>; // its event's arguments
		const call = await service.call(
			callee.uri,
			steps as Record<string, unknown>[],
			{ ...body },
		);
		const [leg] = await answer;
		return { call, leg };
	}

	/** A phone that writes down what it hears. */
	async function listener() {
		const record = join(folder, `${phones.length}.wav`);
		const made = await phone({ record });
		return {
			phone: made,
			async heard() {
				await made.calls[0]?.ended;
				return channelOf(parseWav(readFileSync(record)), 0);
			},
		};
	}

	async function ask(call: PostedCall, command: string, wanted: object) {
		const answer = await service.fetch(`/calls/${call.id}/${command}`, wanted);
		// a controlled call, or a problem
		const body = (await answer.json()) as Record<string, unknown>;
		return { status: answer.status, body };
	}

	async function channels(call: PostedCall) {
		const answer = await call.recording();
		const wav = parseWav(new Uint8Array(await answer.arrayBuffer()));
		return { said: channelOf(wav, 0), heard: channelOf(wav, 1) };
	}

	const controls = (told: Awaited<ReturnType<PostedCall["ended"]>>) =>
		told.events.flatMap((event) =>
			event.type === "call.controlled"
				? [`${event.data.command} ${event.data.value} at ${event.data.step_id}`]
				: [],
		);

	it("leaves the step that runs, and goes on at another one", async () => {
		const { call } = await answered([
			tone("long", PROMPT_HZ, 20, "bye"),
			tone("bye", PROMPT_HZ, 0.2),
			tone("other", ASKED_HZ, 1),
		]);
		await call.event("step.started", "long");
		await sleep(500);
		const { status, body } = await ask(call, "redirect", { step: "other" });
		expect(status).toBe(200);
		expect(body).toEqual({
			...{ id: call.id, step_id: "other", muted: false, held: false },
			recording: "recording",
		});
		const told = await call.ended();
		expect(walked(told)).toEqual([
			"call answered",
			"long redirected",
			"other played",
		]);
		expect(controls(told)).toEqual(["redirect other at long"]);
		const { heard } = await channels(call);
		expect(secondsOf(heard, PROMPT_HZ)).toBeLessThan(2);
		expect(secondsOf(heard, ASKED_HZ)).toBeGreaterThan(0.8);
	});

	it("goes on with a new flow, whose call step rings nobody", async () => {
		const { call, leg } = await answered([gate("wait")]);
		await call.event("step.started", "wait");
		const { status, body } = await ask(call, "redirect", {
			flow: [
				{ id: 1, type: "call", number: 12, caller_id: 1, next_step: 2 },
				{ id: 2, type: "play", text: "Another one.", next_step: 3 },
				gate("3"),
			],
		});
		expect({ status, step: body.step_id }).toEqual({ status: 200, step: "2" });
		await call.event("step.started", "3");
		const of = async (path: string) => (await service.fetch(path)).json();
		const kept = callFlowAnswer.parse(await of(`/calls/${call.id}/flow`));
		expect(kept.flow.map(({ type }) => type)).toEqual(["call", "keypad"]);
		const steps = kept.redirected_to?.flow;
		expect(steps?.map(({ id }) => id)).toEqual(["1", "2", "3"]);
		const path = `/v1.0/activeflows/${activeflowId(call.id)}`;
		const { current_action } = activeflowAnswer.parse(await of(path));
		const option = { count: 1, timeout: 60 };
		expect(current_action).toMatchObject({ type: "keypad", option });
		const wrong = await ask(call, "redirect", { step: "wait" });
		expect(wrong.status).toBe(400);
		await leg.press("1");
		expect(walked(await call.ended())).toEqual([
			"call answered",
			"wait redirected",
			"2 played",
			"3 pressed",
		]);
	});

	it("leaves a conversation, and the other party is hung up", async () => {
		const other = await phone();
		const { call, leg } = await answered([
			{ id: "talk", type: "connect", number: other.uri, next_step: "bye" },
			gate("bye"),
			gate("after"),
		]);
		await call.event("call.bridged");
		await ask(call, "redirect", { step: "after" });
		await call.event("step.started", "after");
		const { data } = await call.event("call.unbridged");
		expect(data.ended_by).toBe("service");
		expect(await other.calls[0]?.ended).toMatchObject({ by: "peer" });
		await leg.press("1");
		expect(walked(await call.ended())).toEqual([
			"call answered",
			"talk redirected",
			"after pressed",
		]);
	});

	it("cancels who is being rung when it is redirected", async () => {
		const other = await phone({ outcome: { type: "ignore" } });
		const rang = once(other, "ringing");
		const { call } = await answered([
			{ id: "talk", type: "connect", number: other.uri },
			tone("after", PROMPT_HZ, 0.2),
		]);
		await rang;
		await ask(call, "redirect", { step: "after" });
		expect(walked(await call.ended())).toEqual([
			"call answered",
			"talk redirected",
			"after played",
		]);
		expect(await other.calls[0]?.ended).toEqual({ by: "peer", status: 487 });
	});

	it("tells of a step that the flow does not have, and of what no step is", async () => {
		const { call, leg } = await answered([gate("wait")]);
		await call.event("step.started", "wait");
		const wrong = await ask(call, "redirect", { step: "wiat" });
		expect(wrong).toMatchObject({
			status: 400,
			body: {
				problems: [
					{
						path: "$.step",
						value: "wiat",
						hint: 'no step has this id; did you mean "wait"?',
					},
				],
			},
		});
		await leg.press("1");
		await call.ended();
		expect(await ask(call, "redirect", { step: "wait" })).toMatchObject({
			status: 409,
			body: { code: "CALL_NOT_LIVE" },
		});
	});

	it("plays what is asked for, and the flow's sound goes on where it was", async () => {
		const { call } = await answered([tone("long", PROMPT_HZ, 3)]);
		await call.event("step.started", "long");
		await sleep(1_000);
		const url = service.backend.tone(ASKED_HZ, 500);
		const { status } = await ask(call, "play", { url, loop: 2 });
		expect(status).toBe(200);
		const told = await call.ended();
		expect(walked(told)).toEqual(["call answered", "long played"]);
		expect(controls(told)).toEqual(["play url at long"]);
		const { heard } = await channels(call);
		expect(secondsOf(heard, ASKED_HZ)).toBeCloseTo(1, 0);
		const prompt = secondsOf(heard, PROMPT_HZ);
		expect(prompt).toBeGreaterThan(2.5);
		expect(prompt).toBeLessThan(3.4);
	});

	it("plays to the callee alone during a conversation, which goes on", async () => {
		const other = await listener();
		const { call, leg } = await answered([
			{ id: "talk", type: "connect", number: other.phone.uri },
		]);
		await call.event("call.bridged");
		void other.phone.calls[0]
			?.play(`tone_stream://%(20000,0,${OTHER_HZ})`)
			.catch(() => {});
		await sleep(1_000);
		const url = service.backend.tone(ASKED_HZ, 1_500);
		expect((await ask(call, "play", { url })).status).toBe(200);
		await sleep(3_500);
		await leg.hangUp();
		expect(walked(await call.ended())).toEqual([
			"call answered",
			"talk hangup",
		]);
		const { heard } = await channels(call);
		expect(secondsOf(heard, ASKED_HZ)).toBeGreaterThan(1.2);
		expect(secondsOf(heard, OTHER_HZ)).toBeGreaterThan(1.8);
		expect(secondsOf(await other.heard(), ASKED_HZ)).toBe(0);
	});

	describe("plays what is asked for to its end", () => {
		/** The callee has talked with somebody, and hung up: how long it heard what was asked for. */
		async function heardBy({
			call,
			leg,
		}: Awaited<ReturnType<typeof answered>>) {
			await leg.hangUp();
			await call.ended();
			return secondsOf((await channels(call)).heard, ASKED_HZ);
		}
		async function talking(...after: object[]) {
			const other = await phone();
			const next_step = after.length > 0 ? "wait" : undefined;
			const talk = { id: "talk", type: "connect", number: other.uri };
			const one = await answered([{ ...talk, next_step }, ...after]);
			await one.call.event("call.bridged");
			await sleep(300);
			return { ...one, other };
		}
		const asked = (seconds: number) => ({
			url: service.backend.tone(ASKED_HZ, seconds * 1_000),
		});

		it("though both are held meanwhile", async () => {
			const one = await talking();
			await ask(one.call, "play", asked(3));
			await sleep(1_000);
			await ask(one.call, "hold", { on: true });
			await sleep(1_000);
			await ask(one.call, "hold", { on: false });
			await sleep(3_500);
			expect(await heardBy(one)).toBeGreaterThan(2.5);
		});

		it("though both are joined again as it begins", async () => {
			const one = await talking();
			await ask(one.call, "hold", { on: true });
			await ask(one.call, "play", asked(2));
			await sleep(500);
			await ask(one.call, "hold", { on: false });
			await sleep(3_000);
			expect(await heardBy(one)).toBeGreaterThan(1.6);
		});

		it("though the other party hangs up", async () => {
			const one = await talking(gate("wait"));
			await ask(one.call, "play", asked(3));
			await sleep(1_000);
			await one.other.calls[0]?.hangUp();
			await sleep(3_500);
			expect(await heardBy(one)).toBeGreaterThan(2.5);
		});

		it("though the other party rings, and then answers without delay", async () => {
			const outcome = { type: "answer", afterMs: 2_500 } as const;
			const other = await phone({ outcome });
			const [rang, up] = [once(other, "ringing"), once(other, "answered")];
			const one = await answered([
				{ id: "talk", type: "connect", number: other.uri },
			]);
			await rang;
			await sleep(500);
			await ask(one.call, "play", { ...asked(2), loop: 2 });
			await up;
			const answeredAt = performance.now();
			await one.call.event("call.bridged");
			expect(performance.now() - answeredAt).toBeLessThan(1_500);
			await sleep(4_000);
			expect(await heardBy(one)).toBeGreaterThan(3.4);
		});

		it("though the other party was heard before it declines", async () => {
			const other = await phone({
				...{ ring: 183, earlyMedia: `tone_stream://%(9000,0,${OTHER_HZ})` },
				outcome: { type: "reject", status: 603, afterMs: 2_000 },
			});
			const one = await answered([
				{ id: "talk", type: "connect", number: other.uri, next_step: "wait" },
				gate("wait"),
			]);
			await sleep(1_000);
			await ask(one.call, "play", asked(3));
			await one.call.event("step.started", "wait");
			await sleep(3_000);
			expect(await heardBy(one)).toBeGreaterThan(2.5);
		});
	});

	it("tells of a sound that cannot be had", async () => {
		const { call, leg } = await answered([gate("wait")], {});
		await call.event("step.started", "wait");
		const url = `${service.backend.url}/status/404`;
		const { status, body } = await ask(call, "play", { url });
		expect({ status, code: body.code }).toEqual({
			...{ status: 502, code: "FETCH_FAILED" },
		});
		await leg.press("1");
		expect(controls(await call.ended())).toEqual([]);
	});

	it("sends digits to the callee", async () => {
		const { call, leg } = await answered([gate("wait")], {});
		await call.event("step.started", "wait");
		const sent = { digits: "12w#*", duration_ms: 100 };
		expect((await ask(call, "digits", sent)).status).toBe(200);
		await expect.poll(() => leg.digits, { timeout: 10_000 }).toBe("12#*");
		const nobody = await ask(call, "digits", { digits: "1", to: "other" });
		expect(nobody).toMatchObject({
			status: 409,
			body: { code: "CONTROL_REFUSED" },
		});
		await leg.press("1");
		expect(controls(await call.ended())).toEqual(["digits 4 at wait"]);
	});

	it("sends digits to the other party of a conversation", async () => {
		const other = await phone();
		const { call, leg } = await answered(
			[{ id: "talk", type: "connect", number: other.uri }],
			{},
		);
		await call.event("call.bridged");
		await ask(call, "digits", { digits: "42#", to: "other" });
		await expect
			.poll(() => other.calls[0]?.digits, { timeout: 10_000 })
			.toBe("42#");
		expect(leg.digits).toBe("");
		// what the callee presses by SIP INFO goes on to the other party too
		await leg.press("#*", "info");
		await expect
			.poll(() => other.calls[0]?.digits, { timeout: 10_000 })
			.toBe("42##*");
		await leg.hangUp();
		await call.ended();
	});

	it("mutes the callee, for the other party and in the recording", async () => {
		const other = await listener();
		const { call, leg } = await answered([
			{ id: "talk", type: "connect", number: other.phone.uri },
		]);
		await call.event("call.bridged");
		await hum(leg, CALLEE_HZ, 1_000);
		const { body } = await ask(call, "mute", { on: true });
		expect(body.muted).toBe(true);
		await hum(leg, OTHER_HZ, 1_500);
		await ask(call, "mute", { on: false });
		await hum(leg, CALLEE_HZ, 1_000);
		await leg.hangUp();
		expect(controls(await call.ended())).toEqual([
			"mute on at talk",
			"mute off at talk",
		]);
		const { said } = await channels(call);
		expect(secondsOf(said, CALLEE_HZ)).toBeGreaterThan(1.5);
		expect(secondsOf(said, OTHER_HZ)).toBeLessThan(0.2);
		const heard = await other.heard();
		expect(secondsOf(heard, CALLEE_HZ)).toBeGreaterThan(1.5);
		expect(secondsOf(heard, OTHER_HZ)).toBeLessThan(0.2);
	});

	it("holds the callee: a tone instead of the flow's sound, which goes on afterwards", async () => {
		const { call } = await answered([
			tone("long", OTHER_HZ, 2, "after"),
			tone("after", ASKED_HZ, 0.5),
		]);
		await call.event("step.started", "long");
		await sleep(700);
		const { body } = await ask(call, "hold", { on: true });
		expect(body.held).toBe(true);
		await sleep(4_000);
		expect((await ask(call, "hold", { on: false })).body.held).toBe(false);
		const told = await call.ended();
		expect(walked(told)).toEqual([
			"call answered",
			"long played",
			"after played",
		]);
		const { heard } = await channels(call);
		expect(secondsOf(heard, HOLD_HZ)).toBeGreaterThan(0.4);
		expect(secondsOf(heard, HOLD_HZ)).toBeLessThan(1.2);
		expect(secondsOf(heard, OTHER_HZ)).toBeGreaterThan(1.6);
		expect(secondsOf(heard, OTHER_HZ)).toBeLessThan(2.4);
		expect(heard.length / 8_000).toBeGreaterThan(6);
	});

	it("holds both of a conversation, and joins them again", async () => {
		const other = await listener();
		const { call, leg } = await answered([
			{ id: "talk", type: "connect", number: other.phone.uri },
		]);
		await call.event("call.bridged");
		const talks = other.phone.calls[0];
		void talks?.play(`tone_stream://%(20000,0,${OTHER_HZ})`).catch(() => {});
		void leg.play(`tone_stream://%(20000,0,${CALLEE_HZ})`).catch(() => {});
		await sleep(1_000);
		await ask(call, "hold", { on: true });
		await sleep(3_500);
		await ask(call, "hold", { on: false });
		await sleep(1_500);
		await leg.hangUp();
		await call.ended();
		const { heard } = await channels(call);
		expect(secondsOf(heard, HOLD_HZ)).toBeGreaterThan(0.2);
		const talk = secondsOf(heard, OTHER_HZ);
		expect(talk).toBeGreaterThan(1.8);
		expect(talk).toBeLessThan(4);
		const told = await other.heard();
		expect(secondsOf(told, HOLD_HZ)).toBeGreaterThan(0.2);
		expect(secondsOf(told, CALLEE_HZ)).toBeGreaterThan(1.8);
		expect(secondsOf(told, CALLEE_HZ)).toBeLessThan(4);
	});

	it("parts both whenever it is said to hold them, also as the other party answers", async () => {
		const other = await listener();
		const { call, leg } = await answered([
			{ id: "talk", type: "connect", number: other.phone.uri },
		]);
		await once(other.phone, "answered");
		let answer = await ask(call, "hold", { on: true });
		while (answer.status === 409)
			answer = await ask(call, "hold", { on: true });
		expect(answer.body.held).toBe(true);
		void leg.play(`tone_stream://%(20000,0,${CALLEE_HZ})`).catch(() => {});
		await leg.press("5", "info");
		await sleep(3_500);
		expect(other.phone.calls[0]?.digits).toBe("");
		await leg.hangUp();
		await call.ended();
		const heard = await other.heard();
		expect(secondsOf(heard, CALLEE_HZ)).toBeLessThan(0.2);
		expect(secondsOf(heard, HOLD_HZ)).toBeGreaterThan(0.2);
	});

	it("plays what is asked for as often as it is to be, before what is asked for next", async () => {
		const { call, leg } = await answered([gate("wait")]);
		await call.event("step.started", "wait");
		const url = service.backend.tone(ASKED_HZ, 500);
		await ask(call, "play", { url, loop: 3 });
		await ask(call, "play", { url: service.backend.tone(PROMPT_HZ, 500) });
		await sleep(3_000);
		await leg.press("1");
		await call.ended();
		const { heard } = await channels(call);
		const second = (hertz: number, way: "findIndex" | "findLastIndex") =>
			Array.from({ length: Math.floor(heard.length / WINDOW) }, (_, at) =>
				toneLevel(heard.subarray(at * WINDOW, (at + 1) * WINDOW), hertz),
			)[way]((level) => level > 0.05);
		expect(secondsOf(heard, ASKED_HZ)).toBeGreaterThan(1.2);
		// one window may hold the end of the one and the beginning of the other
		expect(second(PROMPT_HZ, "findIndex")).toBeGreaterThanOrEqual(
			second(ASKED_HZ, "findLastIndex"),
		);
	});

	it("begins no step while it is on hold", async () => {
		const { call } = await answered([
			{ id: "keys", type: "keypad", count: 1, timeout: 0.5, next_step: "bye" },
			tone("bye", PROMPT_HZ, 0.2),
		]);
		await call.event("step.started", "keys");
		await ask(call, "hold", { on: true });
		await call.event("step.finished", "keys");
		await sleep(1_000);
		const types = (await call.kept()).map(({ type }) => type);
		expect(types.at(-1)).toBe("step.finished");
		await ask(call, "hold", { on: false });
		expect(walked(await call.ended()).at(-1)).toBe("bye played");
	});

	it("is recorded from when that is asked for, without what it is paused or masked for", async () => {
		const { call, leg } = await answered([gate("wait")], {});
		await call.event("step.started", "wait");
		const early = await ask(call, "record", { action: "pause" });
		expect(early).toMatchObject({
			status: 409,
			body: { code: "CONTROL_REFUSED" },
		});
		const did: unknown[] = [];
		const record = async (action: string, hertz: number) => {
			const { body } = await ask(call, "record", { action });
			did.push(body.recording);
			await hum(leg, hertz, 1_000);
		};
		await hum(leg, 1_200, 500);
		await record("start", CALLEE_HZ);
		await record("pause", 700);
		await record("resume", 800);
		await record("mask", 900);
		await record("unmask", 1_000);
		await record("stop", 1_100);
		expect(did).toEqual([
			...["recording", "paused", "recording", "masked", "recording"],
			"stopped",
		]);
		const again = await ask(call, "record", { action: "start" });
		expect(again.status).toBe(409);
		await leg.press("1");
		const told = await call.ended();
		expect(told.events.at(-3)?.type).toBe("recording.ready");
		const { said } = await channels(call);
		const seconds = [CALLEE_HZ, 700, 800, 900, 1_000, 1_100, 1_200].map(
			(hertz) => secondsOf(said, hertz) > 0.5,
		);
		expect(seconds).toEqual([true, false, true, false, true, false, false]);
		// what it was masked for is silence, what it was paused for is not there
		expect(said.length / 8_000).toBeGreaterThan(3.5);
		expect(said.length / 8_000).toBeLessThan(5);
	});

	it("keeps sensitive digits out of the recording whatever is asked of it", async () => {
		const { call, leg } = await answered([
			{
				...{ id: "pin", type: "keypad", count: 6, sensitive: true },
				...{ timeout: 20, interdigit_timeout: 10, next_step: "after" },
			},
			gate("after"),
		]);
		await call.event("step.started", "pin");
		await sleep(1_000);
		await pressAloud(leg, "12");
		for (const action of ["mask", "unmask", "pause", "resume", "start"])
			await ask(call, "record", { action });
		await pressAloud(leg, "3456");
		await call.event("step.started", "after");
		await hum(leg, CALLEE_HZ, 1_000);
		await leg.press("1");
		await call.ended();
		const { said } = await channels(call);
		expect(keysIn(said)).toBe("");
		expect(secondsOf(said, CALLEE_HZ)).toBeGreaterThan(0.5);
	});

	it("begins no recording while sensitive digits are taken", async () => {
		const { call, leg } = await answered(
			[{ id: "pin", type: "keypad", count: 2, sensitive: true, timeout: 20 }],
			{},
		);
		await call.event("step.started", "pin");
		await sleep(500);
		expect(await ask(call, "record", { action: "start" })).toMatchObject({
			status: 409,
			body: { code: "CONTROL_REFUSED" },
		});
		await leg.press("12");
		await call.ended();
		expect((await call.recording()).status).toBe(404);
	});
});
