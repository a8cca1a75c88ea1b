import { beforeEach, describe, expect, it } from "vitest";
import { isAuthorized } from "../../softswitch/lab/digest.js";
import { hasRealPair, useService } from "../support/service.js";
import { hasSipp, reservePort, type Sipp } from "../support/sipp.js";
import {
	answers,
	expects,
	invited,
	isHungUp,
	rejects,
	rings,
	says,
} from "../support/sipp-scenario.js";

const NUMBER = "+4930654321";
const challenge = (nonce: string) =>
	`Digest realm="lab", nonce="${nonce}", algorithm=MD5, qop="auth"`;
const header = (message: string | undefined, name: string) =>
	new RegExp(`^${name}: (.*)$`, "m").exec(message ?? "")?.[1] ?? "";

const TESTS = 8;

describe.skipIf(!hasSipp)("an INVITE", () => {
	// two trunks for each test: a late packet to the last phone of a port would end the next one's call, and those of the other tests are trunks where nobody listens
	const ports: number[] = [];
	let pair: number[] = [];
	const service = useService(async () => {
		while (ports.length < 2 * TESTS) ports.push(await reservePort());
		const addresses = ports.map((port) => `127.0.0.1:${port}`);
		const trunks = addresses.map((address, which) =>
			which % 2 === 0
				? `sip:flow:p%40ss@${address};ping=0`
				: `sip:${address};ping=0`,
		);
		return { SIP_TRUNK: trunks.join() };
	});
	beforeEach(() => {
		pair = ports.splice(0, 2);
	});
	const trunk = (which: 0 | 1, ...steps: string[]) => {
		const port = pair[which];
		if (port === undefined) throw new Error("there are more tests than TESTS");
		return service.phone(steps, { port });
	};
	const answered = [rings(), answers(), isHungUp()];

	it.each([
		[401, "WWW-Authenticate", "Authorization"],
		[407, "Proxy-Authenticate", "Proxy-Authorization"],
	] as const)(
		"is dialled with the trunk's password where it asks with %i",
		async (status, asks, shows) => {
			const first = await trunk(
				0,
				...[invited(), rejects(status, `${asks}: ${challenge("one")}`)],
				...[invited(), ...answered],
			);
			const call = await service.call(NUMBER);
			const { end } = await call.ended();
			expect(end).toMatchObject({ outcome: "answered", reason: "completed" });
			await first.done;
			const [before, after] = first.received("INVITE");
			expect(before?.text).toMatch(/^INVITE sip:\+4930654321@127\.0\.0\.1:/);
			expect(header(before?.text, shows)).toBe("");
			const password = { username: "flow", password: "p@ss" };
			const shown = header(after?.text, shows);
			expect(isAuthorized(shown, "INVITE", "one", password)).toBe(true);
		},
	);

	it("fails where the trunk does not accept the password", async () => {
		const asks = (nonce: string) =>
			rejects(401, `WWW-Authenticate: ${challenge(nonce)}`);
		const first = await trunk(
			0,
			...[invited(), asks("one"), invited(), asks("two")],
		);
		const call = await service.call(NUMBER);
		const { end } = await call.ended();
		expect(end).toMatchObject({ outcome: "failed", reason: "auth_failed" });
		await first.done;
	});

	it("goes to the next trunk where one is ill", async () => {
		const first = await trunk(0, invited(), rejects(503));
		const second = await trunk(1, invited(), ...answered);
		const call = await service.call(NUMBER);
		expect((await call.ended()).end).toMatchObject({ outcome: "answered" });
		await Promise.all([first.done, second.done]);
	});

	it("goes to the next trunk where nobody listens", async () => {
		const second = await trunk(1, invited(), ...answered);
		const call = await service.call(NUMBER);
		expect((await call.ended()).end).toMatchObject({ outcome: "answered" });
		await second.done;
	});

	it("goes to no other trunk where the callee is busy", async () => {
		const first = await trunk(0, invited(), rings(), rejects(486));
		const call = await service.call(NUMBER);
		const { end } = await call.ended();
		expect(end).toMatchObject({ outcome: "busy", sip_status: 486 });
		await first.done;
	});

	it("asks once more, for as long a session as the trunk wants", async () => {
		const steps = [invited(), rejects(422, "Min-SE: 3600")];
		const [port] = pair;
		const first = await service.phone(steps, {
			...(port && { port }),
			calls: 2,
		});
		const call = await service.call(NUMBER);
		expect((await call.ended()).end).toMatchObject({ sip_status: 422 });
		await first.done;
		const asked = first
			.received("INVITE")
			.map(({ text }) =>
				["Session-Expires", "Min-SE"].map((name) => header(text, name)),
			);
		expect(asked).toEqual([
			["1800", ""],
			["3600", "3600"],
		]);
	});

	it("is unreachable where no trunk is there", async () => {
		const call = await service.call(NUMBER);
		const { end } = await call.ended();
		expect(end).toMatchObject({ outcome: "unreachable", reason: "no_route" });
	});
});

describe.skipIf(!hasSipp)("a callee who redirects", () => {
	const service = useService();

	it("is followed to an address that is allowed", async () => {
		const target = await service.phone([
			...[invited(), rings(), answers(), isHungUp()],
		]);
		const phone = await service.phone([
			invited(),
			rejects(302, `Contact: <${target.uri}>`),
		]);
		const call = await service.call(phone.uri);
		expect((await call.ended()).end).toMatchObject({ outcome: "answered" });
		await Promise.all([phone.done, target.done]);
	});

	it.each([
		["another host", "sip:+19005550100@192.0.2.1"],
		["a number", "tel:+19005550100"],
	])("is not followed to %s", async (_what, contact) => {
		const phone = await service.phone([
			invited(),
			rejects(302, `Contact: <${contact}>`),
		]);
		const call = await service.call(phone.uri);
		const { end } = await call.ended();
		expect(end).toMatchObject({
			outcome: "failed",
			reason: "redirect_refused",
		});
		await phone.done;
	});

	it.each([
		...(hasRealPair
			? []
			: // a drachtio-server drops them (docs/softswitch.md)
				[
					["none", "Contact: "],
					["one that cannot be read", "Contact: ;x"],
				]),
		[
			"one that hides another host",
			"Contact: <sip:x@127.0.0.1:HERE;b@127.0.0.9:5999>",
		],
		["one with a host in maddr", "Contact: <sip:x@192.0.2.9;maddr=127.0.0.1>"],
		["one with a header", "Contact: <sip:x@127.0.0.1:HERE?Route=127.0.0.9>"],
	])("does no harm with a Contact that is %s", async (_what, contact) => {
		const port = await reservePort();
		const here = contact.replace("HERE", String(port));
		const phone = await service.phone([invited(), rejects(302, here)], {
			port,
			calls: 3,
		});
		const call = await service.call(phone.uri);
		expect((await call.ended()).end).toMatchObject({
			outcome: "failed",
			reason: "redirect_refused",
		});
		for (const { text } of phone.received("INVITE"))
			expect(text).toMatch(
				new RegExp(`^INVITE sip:[a-z]+@127\\.0\\.0\\.1:${port} `),
			);
	});

	it("is not followed in a circle", async () => {
		const port = await reservePort();
		const circle = `Contact: <sip:callee@127.0.0.1:${port}>`;
		const phone = await service.phone([invited(), rejects(302, circle)], {
			port,
			calls: 3,
		});
		const call = await service.call(phone.uri);
		const { end } = await call.ended();
		expect(end).toMatchObject({ reason: "redirect_refused" });
		await phone.done;
	});
});

describe.skipIf(!hasSipp)("a trunk that wants to be registered with", () => {
	let registrar: Sipp | undefined;
	const service = useService(async () => {
		const port = await reservePort();
		registrar = await service.phone(
			[
				expects("REGISTER"),
				says(401, `WWW-Authenticate: ${challenge("one")}`),
				expects("REGISTER"),
				says(
					200,
					"Contact: <sip:other@192.0.2.1>;expires=3600, <sip:flow@127.0.0.1>;expires=2",
				),
			],
			{ port, calls: 2 },
		);
		return {
			SIP_TRUNK: `sip:flow:secret@127.0.0.1:${port};register=true;ping=0`,
		};
	});

	it("is, with its password, and again after half of the time granted", async () => {
		await registrar?.done;
		const requests = registrar?.received("REGISTER") ?? [];
		expect(requests).toHaveLength(4);
		const [, first, , again] = requests;
		for (const request of [first, again]) {
			const shown = header(request?.text, "Authorization");
			const password = { username: "flow", password: "secret" };
			expect(isAuthorized(shown, "REGISTER", "one", password)).toBe(true);
		}
		const apartMs = (again?.at ?? 0) - (first?.at ?? 0);
		expect(apartMs).toBeGreaterThan(900);
		expect(apartMs).toBeLessThan(2_000);
	});
});
