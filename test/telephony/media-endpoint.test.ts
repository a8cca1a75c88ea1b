import { EventEmitter } from "node:events";
import type Mrf from "drachtio-fsmrf";
import { describe, expect, it } from "vitest";
import type { DrachtioServer } from "../../telephony/drachtio.js";
import { MediaEndpoint } from "../../telephony/media-endpoint.js";
import { ManualClock } from "../support/manual-clock.js";

const PLAIN = "v=0\r\nm=audio 4000 RTP/AVP 0\r\n";
const SECURE =
	"v=0\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:a\r\n";
/** Lets what was begun set its timers, then longer than any wait here go by. */
async function pass(clock: ManualClock) {
	await clock.advance(0);
	await clock.advance(60_000);
}

/** An endpoint of a FreeSWITCH that offers `sdp`, and makes an offer again as often as it is told to, if it does. */
function endpoint(sdp: string, does = { offerAgain: true }) {
	const clock = new ManualClock();
	const answers: unknown[] = [];
	const modified: string[] = [];
	const dialog = Object.assign(new EventEmitter(), {
		modify: async (offer: string) => {
			modified.push(offer);
			return PLAIN;
		},
	});
	const commands: string[] = [];
	const made = Object.assign(new EventEmitter(), {
		...{ dialog, uuid: "u", local: { sdp }, connected: true, conn: null },
		api: async (command: string) => {
			commands.push(command);
			const response = {
				send: (status: number, { body }: { body: string }) =>
					answers.push([status, body]),
			};
			if (does.offerAgain)
				setImmediate(() => dialog.emit("modify", {}, response));
			return { getBody: () => "+OK" };
		},
	}) as unknown as Mrf.Endpoint; // all that is used of it
	const one = new MediaEndpoint(made, {
		drachtio: {} as DrachtioServer, // not used
		another: () => Promise.reject(new Error("there is one only")),
		...{ release: () => {}, clock },
	});
	return { one, clock, answers, modified, commands, dialog, does };
}

describe("an endpoint that speaks SRTP", () => {
	it("is one that offers nothing else", () => {
		expect(endpoint(SECURE).one.srtp).toBe(true);
		expect(endpoint(PLAIN).one.srtp).toBe(false);
		expect(endpoint(SECURE + PLAIN.slice(5)).one.srtp).toBe(false);
	});

	it("gets the far end's answer as the answer to an offer of its own, once", async () => {
		const { one, answers, modified, dialog } = endpoint(SECURE);
		expect(await one.accept(SECURE)).toBe(true);
		expect(await one.accept(SECURE)).toBe(true);
		expect(answers).toEqual([[200, SECURE]]);
		expect(modified).toEqual([]);
		expect(dialog.listenerCount("modify")).toBe(0);
	});

	it("takes the answer later where it does not offer again, and does not wait for ever", async () => {
		const { one, clock, answers, dialog, does } = endpoint(SECURE, {
			offerAgain: false,
		});
		const refused = expect(one.accept(SECURE)).rejects.toThrow("offer again");
		await pass(clock);
		await refused;
		expect(dialog.listenerCount("modify")).toBe(0);
		does.offerAgain = true;
		expect(await one.accept(SECURE)).toBe(true);
		expect(answers).toEqual([[200, SECURE]]);
	});

	it("is given no answer in the clear, nor one without a key", async () => {
		const { one, commands } = endpoint(SECURE);
		for (const answer of [PLAIN, SECURE.replace(/a=crypto.*/, "a=x")])
			await expect(one.accept(answer)).rejects.toThrow("without SRTP");
		expect(commands).toEqual([]);
	});
});

describe("an endpoint that speaks plain RTP", () => {
	it("gets the answer as an offer, and not again what it has taken", async () => {
		const { one, modified, commands } = endpoint(PLAIN);
		expect(await one.accept(PLAIN)).toBe(true);
		expect(await one.accept(PLAIN)).toBe(true);
		expect(modified).toEqual([PLAIN]);
		expect(commands).toEqual([]);
	});

	it("has not taken what it did not confirm", async () => {
		const { one, clock, modified, dialog } = endpoint(PLAIN);
		const { modify } = dialog;
		dialog.modify = (offer) => {
			modified.push(offer);
			return new Promise(() => {});
		};
		const unconfirmed = one.accept(PLAIN);
		await pass(clock);
		expect(await unconfirmed).toBe(false);
		dialog.modify = modify;
		const again = one.accept(PLAIN);
		await pass(clock);
		expect(await again).toBe(true);
		expect(modified).toEqual([PLAIN, PLAIN]);
	});
});

describe("a bridge", () => {
	/** Two endpoints of a FreeSWITCH that says +OK at once, and has done it when `state.to` says so. */
	function pair() {
		const clock = new ManualClock();
		const state = { to: "_undef_", asked: [] as string[] };
		const made = (uuid: string) =>
			Object.assign(new EventEmitter(), {
				...{ uuid, local: { sdp: PLAIN }, connected: true, conn: null },
				api: async (command: string) => {
					state.asked.push(command);
					const body = command === "uuid_getvar" ? state.to : "+OK";
					return { getBody: () => body };
				},
			});
		const raw = [made("one"), made("other")] as const;
		const [one, other] = raw.map(
			(endpoint) =>
				new MediaEndpoint(endpoint as unknown as Mrf.Endpoint, {
					drachtio: {} as DrachtioServer, // not used
					another: () => Promise.reject(new Error("not asked for")),
					...{ release: () => {}, clock },
				}),
		) as [MediaEndpoint, MediaEndpoint];
		return { one, other, clock, state, leave: () => raw[1].emit("destroy") };
	}

	/** What it resolved to; "waits" until then. */
	function watched(asked: Promise<boolean>) {
		const seen: { is: boolean | "waits" } = { is: "waits" };
		void asked.then((is) => {
			seen.is = is;
		});
		return seen;
	}

	it("is there, and is no more, only when FreeSWITCH has done what it said", async () => {
		const { one, other, clock, state } = pair();
		const joined = watched(one.bridge(other));
		for (let n = 0; n < 10; n++) await clock.advance(20);
		expect(joined.is).toBe("waits");
		state.to = "other";
		for (let n = 0; n < 3; n++) await clock.advance(20);
		expect(joined.is).toBe(true);
		const parted = watched(one.unbridge());
		for (let n = 0; n < 10; n++) await clock.advance(20);
		expect(parted.is).toBe("waits");
		state.to = "_undef_";
		for (let n = 0; n < 3; n++) await clock.advance(20);
		expect(parted.is).toBe(true);
		expect(state.asked).toContain("uuid_transfer");
	});

	it("is none where it does not come about, or the other leg ends", async () => {
		const never = pair();
		const late = watched(never.one.bridge(never.other));
		for (let n = 0; n < 300; n++) await never.clock.advance(20);
		expect(late.is).toBe(false);
		const { one, other, clock, leave } = pair();
		const left = watched(one.bridge(other));
		await clock.advance(20);
		leave();
		for (let n = 0; n < 3; n++) await clock.advance(20);
		expect(left.is).toBe(false);
	});
});
