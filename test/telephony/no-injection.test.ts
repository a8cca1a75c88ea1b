import { EventEmitter } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { newDialogName } from "../../telephony/dialog-name.js";
import type { DrachtioServer } from "../../telephony/drachtio.js";
import {
	type Destination,
	type RingOptions,
	ring,
} from "../../telephony/ring.js";
import { SipAllow } from "../../telephony/sip-allow.js";
import { redirected, resolveTargets } from "../../telephony/targets.js";
import { trunkOf } from "../support/trunk.js";

/** What a stock FreeSWITCH runs where it stands in an argument. */
const COMMAND = ["$", "{system true}"].join("");

/** Text as an attacker writes it: pieces that mean something to SIP, to an event socket, or to a parser of either. */
const hostile = fc
	.array(
		fc.oneof(
			fc.constantFrom(
				...[
					"\r\n",
					"\n",
					"\r",
					"\0",
					"\u2028",
					"<",
					">",
					'"',
					";",
					"@",
					":",
					"?",
					",",
					" ",
					"\t",
				],
				...[
					COMMAND,
					"sip:",
					"sip:100@127.0.0.1",
					"127.0.0.1",
					"127.0.0.9",
					":5060",
					";maddr=127.0.0.9",
				],
				...[
					"?Route=x",
					"X-Evil: 1",
					"Contact: x",
					"%0d%0a",
					"[::1]",
					"4930123",
					"+",
					";transport=tcp",
				],
			),
			fc.string({ unit: "binary" }),
		),
		{ maxLength: 6 },
	)
	.map((parts) => parts.join(""));

/** As much of srf as one INVITE takes: it notes what it would send and is told that nobody is there. */
function recordingDrachtio() {
	const sent: {
		uri: string;
		options: { headers: Record<string, string>; proxy?: string };
	}[] = [];
	const srf = {
		createUAC(
			uri: string,
			options: (typeof sent)[number]["options"],
			_progress: unknown,
			done: (error: unknown) => void,
		) {
			sent.push({ uri, options });
			done(Object.assign(new Error(), { status: 486 }));
		},
	};
	const drachtio = Object.assign(new EventEmitter(), {
		srf,
	}) as unknown as DrachtioServer; // all that ring uses
	return { drachtio, sent };
}

async function rung(
	destination: Destination,
	presentation: Pick<RingOptions, "callerId" | "anonymous" | "headers">,
) {
	const { drachtio, sent } = recordingDrachtio();
	await ring(
		destination,
		{
			...{ ...presentation, drachtio, clock: systemClock, offer: "v=0" },
			...{
				timeoutMs: 1_000,
				sessionS: 1_800,
				onRinging: () => {},
				onSent: () => {},
			},
			...{ name: newDialogName(), log: silentLog },
		},
		new AbortController().signal,
	);
	const [one] = sent;
	if (!one) throw new Error("nothing was sent");
	return one;
}

/** What may stand in a Request-URI or a Route: nothing that ends the line or begins another part of the message. */
const ADDRESS =
	/^sip:(?:[A-Za-z0-9+*._~!$&'()=%-]{1,128}@)?(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+):\d{1,5}(?:;transport=tcp)?$/;
const allow = new SipAllow(
	{ cidrs: ["127.0.0.1/32"], hosts: [] },
	async () => [],
);

describe("an INVITE", () => {
	it("goes to a well-formed address that is allowed, or not at all, whatever number was asked for", async () => {
		const trunks = [trunkOf("sip:192.0.2.1")];
		await fc.assert(
			fc.asyncProperty(hostile, hostile, async (number, callerId) => {
				const options = { entities: new Map(), trunks, allow };
				const resolved = await resolveTargets(number, options);
				if (!resolved.ok) return;
				for (const destination of resolved.targets.flat()) {
					const { uri, options } = await rung(destination, {
						...{ callerId, anonymous: false, headers: {} },
					});
					expect(uri).toMatch(ADDRESS);
					expect(uri).toMatch(
						/(?:^sip:|@)(?:192\.0\.2\.1:5060|127\.0\.0\.1:\d+)/,
					);
					expect(options.proxy ?? "sip:127.0.0.1:1").toMatch(ADDRESS);
					// three headers of the template, one line each
					expect(options.headers).toEqual({
						...{ Supported: "timer", "Session-Expires": "1800" },
						"call-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
						From: expect.stringMatching(
							/^<sip:[A-Za-z0-9+*._~!&'()=%-]+@localhost>;tag=[0-9a-f-]{36}$/,
						),
						Contact: expect.stringMatching(
							/^<sip:[A-Za-z0-9+*._~!&'()=%-]+@localhost>$/,
						),
					});
				}
			}),
			{ numRuns: 2_000 },
		);
	});

	it("follows a redirect to a well-formed address that is allowed, or back to where it came from, or not at all", async () => {
		const from = {
			uri: "sip:4930123@192.0.2.1:5060",
			auth: { username: "flow", password: "secret" },
		};
		await fc.assert(
			fc.asyncProperty(hostile, async (contact) => {
				const to = await redirected(contact, from, { allow });
				if (!to) return;
				expect(to.uri).toMatch(ADDRESS);
				const isBack = /(?:^sip:|@)192\.0\.2\.1:5060$/.test(to.uri);
				if (!isBack) expect(to.uri).toMatch(/(?:^sip:|@)127\.0\.0\.1:\d+/);
				// the trunk's password goes to the trunk alone
				expect(to.auth !== undefined).toBe(isBack);
			}),
			{ numRuns: 5_000 },
		);
	});
});
