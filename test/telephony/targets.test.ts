import { describe, expect, it } from "vitest";
import type { Entities } from "../../core/entity.js";
import type { Trunk } from "../../core/trunk.js";
import { SipAllow } from "../../telephony/sip-allow.js";
import { redirected, resolveTargets } from "../../telephony/targets.js";
import { trunkOf } from "../support/trunk.js";

const trunk = (more: Partial<Trunk> = {}): Trunk => ({
	...trunkOf("sip:127.0.0.1"),
	...more,
});
const entities: Entities = new Map([
	[
		"5263",
		{
			...{ kind: "team", name: "Sales", strategy: "all" },
			targets: ["sip:ann@127.0.0.1", "sip:eve@192.0.2.1", "4930123"],
		},
	],
	[
		"9",
		{
			...{ kind: "user", name: "Eve", strategy: "in_order" },
			targets: ["sip:eve@192.0.2.1", "nonsense", "%2B4930123"],
		},
	],
]);
const allow = new SipAllow(
	{ cidrs: ["127.0.0.0/8", "::1/128"], hosts: [] },
	async () => [{ address: "127.0.0.9" }],
);
const resolve = (
	to: string,
	trunks: Trunk[] = [],
	mayRing?: (number: string) => boolean,
) => resolveTargets(to, { entities, trunks, allow, mayRing });
const not493 = (number: string) => !/^\+?493/.test(number);
const missed = (outcome: string, reason: string) => ({
	ok: false,
	missed: { outcome, reason },
});

describe("who is rung", () => {
	it("is by a number only those trunks that leave something of it, with # as %23", async () => {
		const strips = trunk({ strip: 3 });
		const prefixes = trunk({ prefix: "12#" });
		expect(await resolve("112", [strips, prefixes])).toMatchObject({
			targets: [[{ uri: "sip:12%23112@127.0.0.1:5060" }]],
		});
		for (const plus of [true, false])
			expect(await resolve("112", [{ ...strips, plus }])).toEqual(
				missed("wrong_number", "bad_number"),
			);
	});

	it("is by a number each trunk in its order, with its own credentials", async () => {
		const trunks = [
			trunk({ user: "flow", password: "secret" }),
			trunk({ host: "::1", port: 5070, transport: "tcp" }),
		];
		expect(await resolve("+4930123", trunks)).toEqual({
			ok: true,
			strategy: "in_order",
			targets: [
				[
					{
						trunk: trunks[0],
						uri: "sip:+4930123@127.0.0.1:5060",
						auth: { username: "flow", password: "secret" },
					},
					{
						trunk: trunks[1],
						uri: "sip:+4930123@[::1]:5070;transport=tcp",
					},
				],
			],
		});
	});

	it("is nobody by a number that the account may not ring", async () => {
		const refused = missed("unreachable", "destination_refused");
		expect(await resolve("4930123", [trunk()], not493)).toEqual(refused);
		expect(await resolve("4830123", [trunk()], not493)).toMatchObject({
			ok: true,
		});
		// addresses are SIP_ALLOW's
		expect(await resolve("sip:493@127.0.0.1", [], not493)).toMatchObject({
			ok: true,
		});
	});

	it("is of a team nobody whose number the account may not ring", async () => {
		expect(await resolve("5263", [trunk()], not493)).toMatchObject({
			targets: [[{ uri: "sip:ann@127.0.0.1:5060" }]],
		});
	});

	it("is after a redirect nobody whose number the account may not ring", async () => {
		const from = { uri: "sip:4830123@127.0.0.1:5060" };
		const to = (contact: string) =>
			redirected(contact, from, { allow, mayRing: not493 });
		expect(await to("sip:4930123@127.0.0.1:5060")).toBeNull();
		expect(await to("sip:4830124@127.0.0.1:5060")).toEqual({
			uri: "sip:4830124@127.0.0.1:5060",
		});
	});

	it.each([
		...["%2B493012345", "+4930-123-45", "(493)0.12345", "4%39301234"],
		...["+493012345678901234", "9+4930123", "4930123*1", "bob", "%zz", "%20"],
	])(
		"is after a redirect back to the trunk not %s, which cannot be told to be a number that may be rung",
		async (user) => {
			const auth = { username: "flow", password: "secret" };
			const from = { uri: "sip:4830123@192.0.2.9:5060", auth };
			const rules = { allow, mayRing: not493 };
			const contact = `sip:${user}@192.0.2.9:5060`;
			expect(await redirected(contact, from, rules)).toBeNull();
		},
	);

	it("is after a redirect back to the trunk a number without what a switch leaves out", async () => {
		const from = { uri: "sip:4830123@192.0.2.9:5060" };
		const rules = { allow, mayRing: not493 };
		const contact = "sip:%2B48(30)12-4@192.0.2.9:5060;user=phone";
		expect(await redirected(contact, from, rules)).toEqual({
			uri: "sip:+4830124@192.0.2.9:5060",
		});
	});

	it("is after a redirect to an address that is permitted anybody, without the trunk's credentials", async () => {
		const auth = { username: "flow", password: "secret" };
		const from = { uri: "sip:4830123@127.0.0.1:5060", auth };
		expect(await redirected("sip:bob@127.0.0.1:5060", from, { allow })).toEqual(
			{ uri: "sip:bob@127.0.0.1:5060" },
		);
	});

	it("is nobody by a number where there is no trunk", async () => {
		expect(await resolve("4930123")).toEqual(missed("unreachable", "no_trunk"));
	});

	it("is by an address the very host that was checked", async () => {
		expect(await resolve("sip:bob@phones.test:5080")).toEqual({
			ok: true,
			strategy: "in_order",
			targets: [
				[
					{
						uri: "sip:bob@phones.test:5080",
						proxy: "sip:127.0.0.9:5080",
					},
				],
			],
		});
	});

	it.each([
		["sip:bob@192.0.2.1", "unreachable", "address_refused"],
		["bob", "wrong_number", "bad_number"],
		["%2B4930123", "wrong_number", "bad_number"],
		["+4930-123", "wrong_number", "bad_number"],
		["4930123456789012", "wrong_number", "bad_number"],
		["", "wrong_number", "bad_number"],
		["sip:bob@127.0.0.1\r\nX: y", "wrong_number", "bad_number"],
		["9", "unreachable", "address_refused"],
	])("is nobody by %j", async (to, outcome, reason) => {
		expect(await resolve(to, [trunk()])).toEqual(missed(outcome, reason));
	});

	it("is by a voice id everybody of it who can be rung, though it looks like a number", async () => {
		const only = trunk();
		const found = await resolve("5263", [only]);
		expect(found).toEqual({
			ok: true,
			strategy: "all",
			targets: [
				[{ uri: "sip:ann@127.0.0.1:5060" }],
				[{ trunk: only, uri: "sip:4930123@127.0.0.1:5060" }],
			],
		});
	});
});
