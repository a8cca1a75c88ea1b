import { EventEmitter } from "node:events";
import type Srf from "drachtio-srf";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../core/log.js";
import { Leg } from "../../telephony/leg.js";
import type { MediaEndpoint } from "../../telephony/media-endpoint.js";
import { ManualClock } from "../support/manual-clock.js";

/** An answered leg, and what it answers to a request within its dialog. */
function answered(negotiate: () => Promise<string | null> = async () => "v=0") {
	const engine = new AbortController();
	const clock = new ManualClock();
	const drachtio = Object.assign(new EventEmitter(), {
		...{ clock, unlessLost: (work: Promise<unknown>) => work },
	});
	const dialog = Object.assign(new EventEmitter(), {
		...{ connected: true, local: { sdp: "v=0" }, destroy: async () => {} },
	});
	const endpoint = {
		...{ over: engine.signal, drachtio, negotiate },
	} as unknown as MediaEndpoint; // all that a Leg uses of one here
	new Leg(dialog as unknown as Srf.Dialog, endpoint, {
		...{ onEnd: () => {}, clock, log: silentLog },
	});
	const ask = (method: string, event = method.toLowerCase()) =>
		new Promise<{ status: number; headers?: Record<string, string> }>(
			(resolve) => {
				const request = { method, body: "v=0", get: () => undefined };
				const send = (status: number, more = {}) =>
					resolve({ status, ...more });
				if (!dialog.emit(event, request, { send })) send(200); // as srf does
			},
		);
	return { ask, engine };
}

describe("a new offer of the far end", () => {
	it("that the media engine does not answer in time leaves the call as it was", async () => {
		const { ask } = answered(async () => null);
		expect(await ask("INVITE", "modify")).toMatchObject({ status: 500 });
		expect(await ask("UPDATE")).toMatchObject({ status: 500 });
	});

	it("that comes when the media engine's side is gone is told that the call is over", async () => {
		const { ask, engine } = answered(async () => null);
		engine.abort();
		expect(await ask("INVITE", "modify")).toMatchObject({ status: 481 });
	});

	it("that the media engine refuses is not acceptable", async () => {
		const { ask } = answered(() => Promise.reject(new Error("no codec")));
		expect(await ask("INVITE", "modify")).toMatchObject({ status: 488 });
	});
});

describe("what a far end asks for during a call", () => {
	it.each(["REFER", "MESSAGE", "PUBLISH"])(
		"is refused where it is not done: %s",
		async (method) => {
			const { status, headers } = await answered().ask(method);
			expect(status).toBe(405);
			expect(headers?.Allow).not.toContain(method);
		},
	);

	it("is answered where nothing is to be done but that: OPTIONS", async () => {
		expect(await answered().ask("OPTIONS")).toMatchObject({ status: 200 });
	});
});
