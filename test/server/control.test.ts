import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../../core/fault.js";
import type { CallPatch } from "../../store/store.js";
import { newCall, newEvent, queued, SLOW_MS } from "../store/data-dir.js";
import { type RunningApp, startApp } from "./running-app.js";

let app: RunningApp;
beforeAll(async () => {
	app = await startApp();
}, SLOW_MS);
afterAll(() => app.close());
beforeEach(() => {
	app.dispatcher.controlled.length = 0;
	app.dispatcher.refusesControl = undefined;
});

async function callWith(patch: CallPatch = { status: "answered" }) {
	const call = newCall();
	await app.store.calls.insert(call, queued(call));
	await app.store.calls.append(call.id, [newEvent(call, 2)], patch);
	return call.id;
}

async function ask(command: string, body: unknown, id?: string) {
	const callId = id ?? (await callWith());
	const answer = await app.post(`/calls/${callId}/${command}`, body);
	const told = (await answer.json()) as {
		code?: string;
		detail?: string;
		problems?: { path: string; hint: string }[];
	}; // a problem, or the documented answer
	return { status: answer.status, headers: answer.headers, told };
}

describe("POST /calls/{id}/…", () => {
	it.each([
		["redirect", { step: 1 }, { command: "redirect", step: "1" }],
		["play", { text: "Hi." }, { command: "play", text: "Hi.", loop: 1 }],
		[
			"play",
			{ url: "https://example.com/a.wav", loop: 3 },
			{ command: "play", url: "https://example.com/a.wav", loop: 3 },
		],
		["mute", { on: true }, { command: "mute", on: true }],
		["hold", { on: false }, { command: "hold", on: false }],
		["record", { action: "mask" }, { command: "record", action: "mask" }],
		[
			"digits",
			{ digits: "1w#" },
			{ command: "digits", digits: "1w#", durationMs: 250, to: "callee" },
		],
		[
			"digits",
			{ digits: "1", duration_ms: 100, to: "other" },
			{ command: "digits", digits: "1", durationMs: 100, to: "other" },
		],
	])("%s has %j done", async (command, body, control) => {
		const { status, told } = await ask(command, body);
		expect(status).toBe(200);
		expect(told).toMatchObject({ step_id: "1", muted: false, held: false });
		expect(app.dispatcher.controlled).toEqual([control]);
	});

	it.each([
		["redirect", {}, "$", "write step or flow"],
		["redirect", { step: 1, flow: [] }, "$", "write step or flow, not both"],
		["redirect", { stepp: 1 }, "$.stepp", 'did you mean "step"?'],
		["redirect", { flow: [] }, "$.flow", "write a list of steps"],
		["redirect", { flow: [{ id: 1, type: "plai" }] }, "$.flow[0].type", "play"],
		[
			"redirect",
			{ flow: [{ id: 1, type: "call", number: "12", caller_id: 1 }] },
			"$.flow[0].next_step",
			"nothing comes after the call step",
		],
		["play", { text: "a", url: "https://a" }, "$", "not both"],
		["play", { text: "" }, "$.text", ""],
		["play", { text: "Hi <<name>>." }, "$.text", "variables are not filled"],
		["play", { text: "Hi {{name}}." }, "$.text", "variables are not filled"],
		["play", { url: "ftp://example.com" }, "$.url", "http"],
		["play", { text: "a", loop: 0 }, "$.loop", ""],
		["mute", { on: "yes" }, "$.on", "write true or false"],
		["hold", {}, "$.on", "write true or false"],
		["record", { action: "begin" }, "$.action", "write start, stop, pause"],
		["digits", { digits: "12x" }, "$.digits", "write 1 to 32"],
		["digits", { digits: "ww" }, "$.digits", "write 1 to 32"],
		["digits", { digits: "1".repeat(33) }, "$.digits", "write 1 to 32"],
		["digits", { digits: "1\n2" }, "$.digits", "write 1 to 32"],
		["digits", { digits: "1", duration_ms: 9_000 }, "$.duration_ms", ""],
		["digits", { digits: "1", to: "me" }, "$.to", "write callee or other"],
	])("%s tells what is wrong with %j", async (command, body, path, hint) => {
		const { status, told } = await ask(command, body);
		expect(status).toBe(400);
		const found = told.problems?.find((one) => one.path === path);
		expect(found?.hint).toContain(hint);
		expect(app.dispatcher.controlled).toEqual([]);
	});

	it("redirect checks a new flow by the account's limits", async () => {
		const { status, told } = await ask("redirect", {
			flow: [{ id: 1, type: "connect", number: "+881612345678", caller_id: 1 }],
		});
		expect({ status, code: told.code }).toEqual({
			...{ status: 400, code: "DESTINATION_REFUSED" },
		});
	});

	it.each([
		["queued", "waits to be dialled"],
		["ringing", "rings"],
		["ended", "has ended"],
	] as const)("refuses a call that is %s", async (status, words) => {
		const id = await callWith({ status });
		const answer = await ask("mute", { on: true }, id);
		expect(answer.status).toBe(409);
		expect(answer.told.code).toBe("CALL_NOT_LIVE");
		expect(answer.told.detail).toContain(`${status}: `);
		expect(answer.told.detail).toContain(words);
		expect(app.dispatcher.controlled).toEqual([]);
	});

	it("says when to ask again where the instance that has it does not answer", async () => {
		app.dispatcher.refusesControl = new Fault("CONTROL_UNANSWERED", undefined, {
			retryAfterS: 5,
		});
		const { status, headers, told } = await ask("mute", { on: true });
		expect({ status, code: told.code }).toEqual({
			...{ status: 503, code: "CONTROL_UNANSWERED" },
		});
		expect(headers.get("retry-after")).toBe("5");
	});

	it("says that the call has ended where that is why nobody answers", async () => {
		const id = await callWith();
		app.dispatcher.refusesControl = async () => {
			const call = { ...newCall(), id };
			await app.store.calls.append(id, [newEvent(call, 3)], {
				status: "ended",
			});
			return new Fault("CONTROL_UNANSWERED");
		};
		const { status, told } = await ask("mute", { on: true }, id);
		expect({ status, code: told.code }).toEqual({
			...{ status: 409, code: "CALL_NOT_LIVE" },
		});
		expect(told.detail).toContain("has ended");
	});

	it.each([
		["CONTROL_REFUSED", "hold", { on: true }, "$.on", 409],
		["CONTROL_REFUSED", "record", { action: "stop" }, "$.action", 409],
		["CALL_NOT_LIVE", "mute", { on: true }, "$.id", 409],
		["SOUND_UNUSABLE", "play", { url: "https://a.test/x" }, "$.url", 422],
	] as const)(
		"places a %s of whoever carries out %s",
		async (code, command, body, path, status) => {
			app.dispatcher.refusesControl = new Fault(code, "not now");
			const answer = await ask(command, body);
			expect(answer.status).toBe(status);
			expect(answer.told.code).toBe(code);
			expect(answer.told.problems).toMatchObject([{ path, hint: "not now" }]);
		},
	);
});
