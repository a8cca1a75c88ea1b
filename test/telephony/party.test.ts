import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { Fault } from "../../core/fault.js";
import { silentLog } from "../../core/log.js";
import { newDialogName } from "../../telephony/dialog-name.js";
import type { DrachtioServer } from "../../telephony/drachtio.js";
import type { MediaEndpoint } from "../../telephony/media-endpoint.js";
import { NotInvited, Party, type Round } from "../../telephony/party.js";
import { SipAllow } from "../../telephony/sip-allow.js";
import { resolveTargets } from "../../telephony/targets.js";
import { Trunks } from "../../telephony/trunks.js";
import { ManualClock } from "../support/manual-clock.js";
import { trunkOf } from "../support/trunk.js";

const PLAIN =
	"v=0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";
const SECURE =
	"v=0\r\nm=audio 4000 RTP/SAVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

/** A redirect, as srf throws it. */
const movedTo = (uri: string) =>
	Object.assign(new Error(), {
		status: 302,
		res: {
			...{ status: 302, has: (name: string) => name === "Contact" },
			get: () => undefined,
			getParsedHeader: () => [{ uri }],
		},
	});

/** A number dialled over trunks; each answers with its status, and the offers that it got are noted. */
const dialled = (statuses: Record<string, number>, ...written: string[]) =>
	dialledAnd(async () => {}, statuses, ...written);

/** …and `held` is called before each INVITE, with what stops the call. */
async function dialledAnd(
	held: (stop: AbortController) => Promise<void>,
	statuses: Record<string, number>,
	...written: string[]
): Promise<{
	result: Awaited<ReturnType<Party["inOrder"]>>;
	offers: [string, string][];
	destroyed: string[];
	made: string[];
	noted: string[];
}> {
	const stop = new AbortController();
	const offers: [string, string][] = [];
	const destroyed: string[] = [];
	const made: string[] = [];
	const srf = {
		createUAC(
			uri: string,
			{ localSdp }: { localSdp: string },
			_progress: unknown,
			done: (error: unknown, dialog?: unknown) => void,
		) {
			const host = /@([\d.]+)/.exec(uri)?.[1] ?? "";
			offers.push([host, /RTP\/S?AVP [\d ]+/.exec(localSdp)?.[0] ?? ""]);
			const status = statuses[host] ?? 200;
			if (status === 302) return done(movedTo("sip:4930123@192.0.2.9"));
			if (status !== 200) return done(Object.assign(new Error(), { status }));
			done(null, { remote: { sdp: "v=0" }, on() {} });
		},
	};
	const drachtio = Object.assign(new EventEmitter(), {
		...{ srf, connected: !statuses.gone },
	}) as unknown as DrachtioServer; // all that ring uses
	const endpointOf = (srtp: boolean): MediaEndpoint => {
		const name = srtp ? "secure" : "plain";
		made.push(name);
		return {
			...{ srtp, drachtio, offer: srtp ? SECURE : PLAIN },
			another: async (likewise: boolean) => {
				if (statuses.another) throw new Fault("ENGINE_FULL");
				return endpointOf(likewise);
			},
			destroy: async () => {
				destroyed.push(name);
			},
		} as unknown as MediaEndpoint; // all that Party uses
	};
	const clock = new ManualClock();
	const options = { clock, log: silentLog };
	const trunks = new Trunks({
		...{ trunks: written.map(trunkOf), pick: () => drachtio },
		...options,
	});
	const noted: string[] = [];
	trunks.note = ({ host }, health) => noted.push(`${host} is ${health}`);
	const cidrs = ["192.0.2.9/32"];
	const allow = new SipAllow({ cidrs, hosts: [] }, async () => []);
	const resolved = await resolveTargets("4930123", {
		...{ trunks: trunks.usable, allow, entities: new Map() },
	});
	if (!resolved.ok) throw new Error("the number leads nowhere");
	const round = {
		turn: async () => newDialogName(),
		legs: { held: () => held(stop), keep: async () => {} },
		...{ onRinging: () => {}, headers: {}, anonymous: false, callerId: "1" },
		ringTimeoutMs: 30_000,
	} as unknown as Round; // all that Party uses
	const party = new Party(
		{ ...options, trunks, allow },
		endpointOf(false),
		round,
	);
	const result = await party.inOrder(resolved.targets, stop.signal);
	return { result, offers, destroyed, made, noted };
}

describe("a trunk", () => {
	it("that wants SRTP is offered nothing else, by an endpoint of its own that stays with the answer", async () => {
		const { result, offers, destroyed, made } = await dialled(
			{},
			"sip:192.0.2.1;srtp=true",
		);
		expect(offers).toEqual([["192.0.2.1", "RTP/SAVP 0 8 101"]]);
		expect(made).toEqual(["plain", "secure"]);
		expect(destroyed).toEqual([]);
		expect(result.answered && result.endpoint.srtp).toBe(true);
	});

	it("after one that wants SRTP and is ill gets the plain offer, and the other endpoint is given back", async () => {
		const { result, offers, destroyed } = await dialled(
			{ "192.0.2.1": 503 },
			"sip:192.0.2.1;srtp=true",
			"sip:192.0.2.2;codecs=PCMA",
		);
		expect(offers).toEqual([
			["192.0.2.1", "RTP/SAVP 0 8 101"],
			["192.0.2.2", "RTP/AVP 8 101"],
		]);
		expect(destroyed).toEqual(["secure"]);
		expect(result.answered && result.endpoint.srtp).toBe(false);
	});

	it("that wants SRTP is not dialled in the clear where there is no endpoint for it", async () => {
		const { result, offers } = await dialled(
			{ another: 1 },
			"sip:192.0.2.1;srtp=true",
		);
		expect(offers).toEqual([]);
		expect(result).toMatchObject({
			missed: { outcome: "failed", reason: "engine_full" },
		});
	});

	it("is not dialled by a drachtio-server that is gone, and whoever asked may try another", async () => {
		await expect(dialled({ gone: 1 }, "sip:192.0.2.1")).rejects.toThrow(
			NotInvited,
		);
	});

	it("is not blamed for codecs that the engine lacks, and the next one is dialled", async () => {
		const { result, offers, noted } = await dialled(
			{ "192.0.2.2": 503 },
			"sip:192.0.2.1;codecs=G729",
			...["sip:192.0.2.2", "sip:192.0.2.3"],
		);
		expect(offers.map(([host]) => host)).toEqual(["192.0.2.2", "192.0.2.3"]);
		expect(noted).toEqual(["192.0.2.2 is ill", "192.0.2.3 is well"]);
		expect(result.answered).toBe(true);
	});

	it("is named with its answer where none of them takes the call", async () => {
		const { result } = await dialled(
			{ "192.0.2.1": 503, "192.0.2.2": 500 },
			...["sip:192.0.2.1", "sip:192.0.2.2:5070"],
		);
		expect(result).toMatchObject({
			missed: {
				...{ outcome: "failed", reason: "trunk_error", sipStatus: 500 },
				detail: "sip:192.0.2.1:5060: SIP 503, sip:192.0.2.2:5070: SIP 500",
			},
		});
	});

	it("that redirects is well, whatever becomes of it elsewhere", async () => {
		const { offers, noted } = await dialled(
			{ "192.0.2.1": 302, "192.0.2.9": 503 },
			...["sip:192.0.2.1", "sip:192.0.2.2"],
		);
		expect(offers.map(([host]) => host)).toEqual([
			...["192.0.2.1", "192.0.2.9", "192.0.2.2"],
		]);
		expect(noted).toEqual(["192.0.2.1 is well", "192.0.2.2 is well"]);
	});
});

it("a call that is stopped while its INVITE waits is canceled, and nobody is rung", async () => {
	const { result, offers } = await dialledAnd(
		async (stop) => stop.abort("stopped"),
		{},
		"sip:192.0.2.1",
	);
	expect(offers).toEqual([]);
	expect(result).toMatchObject({
		missed: { outcome: "canceled", reason: "stopped" },
	});
});
