import { EventEmitter } from "node:events";
import type Mrf from "drachtio-fsmrf";
import { describe, expect, it } from "vitest";
import type { DrachtioServer } from "../../telephony/drachtio.js";
import { Endpoints } from "../../telephony/endpoints.js";
import { ManualClock } from "../support/manual-clock.js";

const PLAIN = "v=0\r\nm=audio 4000 RTP/AVP 0\r\n";

/** Those of a FreeSWITCH that makes what `make` says. */
function endpointsOf(make: () => Promise<string>) {
	const drachtio = { endpoints: 0, answering: true } as DrachtioServer; // all that is used of it
	const endpoints = new Endpoints({
		async make() {
			const made = Object.assign(new EventEmitter(), {
				...{ connected: true, conn: null, local: { sdp: await make() } },
				destroy: async () => {},
			}) as unknown as Mrf.Endpoint; // all that is used of it
			return { made, drachtio };
		},
		limit: () => 1,
		clock: new ManualClock(),
	});
	return { endpoints, drachtio };
}

describe("a place of a FreeSWITCH", () => {
	it("is free again after a leg that speaks no SRTP where it was to, once", async () => {
		const { endpoints, drachtio } = endpointsOf(async () => PLAIN);
		for (let times = 0; times < 3; times++)
			await expect(endpoints.take(true)).rejects.toThrow("offers no SRTP");
		expect([endpoints.count, drachtio.endpoints]).toEqual([0, 0]);
	});

	it("is free again where none could be made, and taken until its leg is destroyed", async () => {
		let isBroken = true;
		const { endpoints } = endpointsOf(async () => {
			if (isBroken) throw new Error("broken");
			return PLAIN;
		});
		await expect(endpoints.take(false)).rejects.toThrow("made no endpoint");
		expect(endpoints.count).toBe(0);
		isBroken = false;
		const one = await endpoints.take(false);
		await expect(endpoints.take(false)).rejects.toMatchObject({
			code: "ENGINE_FULL",
		});
		await one.destroy();
		expect(endpoints.count).toBe(0);
	});
});
