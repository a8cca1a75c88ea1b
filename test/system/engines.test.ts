import { afterAll, describe, expect, it } from "vitest";
import { type PostedCall, useService } from "../support/service.js";
import { reservePort } from "../support/sipp.js";
import {
	type SoftswitchProcess,
	startSoftswitchProcess,
} from "../support/softswitch-process.js";
import { UdpCallee } from "../support/udp-callee.js";

const CALLS = 50;
const AT_ONCE = 5;
const WITHIN_MS = 2_000;

/** Two of each kind: processes of their own, of which the service uses one half each. */
describe("two drachtio-servers and two FreeSWITCHes", () => {
	const all: SoftswitchProcess[] = [];
	const closers: (() => unknown)[] = [];
	afterAll(async () => {
		for (const close of closers.splice(0)) await close();
		for (const { child } of all) await child.exit("SIGKILL");
	});
	/** For those that are started again where they were. */
	const settings: Record<string, string>[] = [];
	const start = async (index: number) => {
		all[index] = await startSoftswitchProcess(settings[index]);
	};
	const service = useService(async () => {
		const block = await reservePort();
		for (let index = 0; index < 4; index++) {
			// what is sent to one that is gone must meet nobody
			const at = (n: number) => `127.0.0.1:${block + 10 * index + n}`;
			settings.push({
				...{ SOFTSWITCH_SIP: at(1), SOFTSWITCH_CONTROL: at(2) },
				SOFTSWITCH_EVENT_SOCKET: at(3),
				SOFTSWITCH_RTP: `${20_000 + 2_000 * index}-${21_998 + 2_000 * index}`,
			});
			await start(index);
		}
		const [one, other, third, fourth] = all.map(({ control, eventSocket }) => ({
			drachtio: `127.0.0.1:${control}:cymru`,
			freeswitch: `127.0.0.1:${eventSocket}:ClueCon`,
		}));
		return {
			DRACHTIO: `${one?.drachtio},${other?.drachtio}`,
			FREESWITCH: `${third?.freeswitch},${fourth?.freeswitch}`,
			SIP_ALLOW: "127.0.0.1",
		};
	});

	const on = (callee: UdpCallee, name: string): Promise<PostedCall> =>
		service.call(callee.uri(name), [
			{ id: "keys", type: "keypad", count: 1, timeout: 120 },
		]);
	/** So many calls that wait for a key. */
	async function live(callee: UdpCallee, count: number, prefix: string) {
		const calls: PostedCall[] = [];
		while (calls.length < count) {
			const names = Array.from(
				{ length: Math.min(AT_ONCE, count - calls.length) },
				(_, n) => `${prefix}${calls.length + n}`,
			);
			const few = await Promise.all(names.map((name) => on(callee, name)));
			for (const call of few) await call.event("step.started", "keys");
			calls.push(...few);
		}
		return calls;
	}
	interface Ready {
		status: string;
		engines: { kind: string; at: string; up: boolean; sessions: number }[];
	}
	const ready = async () =>
		(await (await service.fetch("/readyz")).json()) as Ready; // the documented answer
	const up = async () => (await ready()).engines.map((one) => one.up);
	const portRange = (media: number) => Math.floor((media - 20_000) / 2_000);

	it("share the calls, lose only those of the one that dies, and take those anew that return", async () => {
		const callee = await UdpCallee.start();
		closers.push(() => callee.stop());
		const calls = await live(callee, CALLS, "a");
		const before = [...callee.invited];
		const drachtios = all.slice(0, 2).map(({ sip }) => sip);
		const spread = [
			...drachtios.map(
				(port) => before.filter((one) => one.signalling === port).length,
			),
			...[2, 3].map(
				(index) =>
					before.filter(({ media }) => portRange(media) === index).length,
			),
		];
		for (const share of spread) {
			expect(share).toBeGreaterThan(CALLS / 4);
			expect(share).toBeLessThan((3 * CALLS) / 4);
		}

		await Promise.all([
			all[0]?.child.exit("SIGKILL"),
			all[2]?.child.exit("SIGKILL"),
		]);
		const killedAt = Date.now();
		const isLost = ({ signalling, media }: (typeof before)[number]) =>
			signalling === drachtios[0] || portRange(media) === 2;
		const stays = calls.filter((_, n) =>
			before.some((one) => one.to === `a${n}` && !isLost(one)),
		);
		expect(stays.length).toBeGreaterThan(0);
		const more = await live(callee, AT_ONCE, "b");
		const answered = callee.invited
			.filter(({ to }) => to.startsWith("b"))
			.map(({ answeredAt = Number.POSITIVE_INFINITY }) => answeredAt);
		expect(answered).toHaveLength(AT_ONCE);
		expect(Math.max(...answered) - killedAt).toBeLessThan(WITHIN_MS);

		const over = calls.filter((call) => !stays.includes(call));
		for (const call of over)
			expect((await call.ended()).end).toMatchObject({
				...{ outcome: "interrupted", reason: "engine_lost", step_id: "keys" },
			});
		expect(await up()).toEqual([false, true, false, true]);
		expect((await ready()).status).toBe("ready");
		for (const call of stays) {
			const types = (await call.kept()).map(({ type }) => type);
			expect(types.at(-1)).toBe("step.started");
		}

		await Promise.all([start(0), start(2)]);
		await expect.poll(up, { timeout: 10_000 }).toEqual(Array(4).fill(true));
		const again = await live(callee, AT_ONCE, "c");
		const newest = callee.invited.filter(({ to }) => to.startsWith("c"));
		expect(newest.some(({ signalling }) => signalling === drachtios[0])).toBe(
			true,
		);
		expect(newest.some(({ media }) => portRange(media) === 2)).toBe(true);

		for (const call of [...stays, ...more, ...again]) await call.stop();
		for (const call of [...stays, ...more, ...again])
			expect((await call.ended()).end).toMatchObject({ reason: "stopped" });
		// each was rung once
		expect(callee.invited).toHaveLength(CALLS + 2 * AT_ONCE);
	});

	it("do without the one that hangs, end its calls, and take it again when it wakes up", async () => {
		const callee = await UdpCallee.start();
		closers.push(() => callee.stop());
		const calls = await live(callee, 4 * AT_ONCE, "a");
		const before = [...callee.invited];
		const hung = [all[1], all[3]];
		const isOnHung = ({ signalling, media }: (typeof before)[number]) =>
			signalling === all[1]?.sip || portRange(media) === 3;
		for (const one of hung) one?.child.signal("SIGSTOP");
		// two pings of drachtio-srf's, a look at FreeSWITCH
		await expect
			.poll(up, { timeout: 10_000 })
			.toEqual([true, false, true, false]);
		const asked = Date.now();
		const more = await live(callee, AT_ONCE, "b");
		const answered = callee.invited.filter(({ to }) => to.startsWith("b"));
		expect(answered).toHaveLength(AT_ONCE);
		for (const { answeredAt = Number.POSITIVE_INFINITY } of answered)
			expect(answeredAt - asked).toBeLessThan(WITHIN_MS);
		expect(answered.some(isOnHung)).toBe(false);

		const isLost = (n: number) =>
			before.some((one) => one.to === `a${n}` && isOnHung(one));
		const lost = calls.filter((_, n) => isLost(n));
		const stays = calls.filter((_, n) => !isLost(n));
		expect(lost.length).toBeGreaterThan(0);
		expect(stays.length).toBeGreaterThan(0);
		for (const call of lost)
			expect((await call.ended()).end).toMatchObject({
				...{ outcome: "interrupted", reason: "engine_lost", step_id: "keys" },
			});
		for (const one of hung) one?.child.signal("SIGCONT");
		await expect.poll(up, { timeout: 10_000 }).toEqual(Array(4).fill(true));
		// those on the line by the drachtio-server that hung, too
		await expect
			.poll(() => callee.live.length, { timeout: 10_000 })
			.toBe(stays.length + more.length);
		const again = await live(callee, 2 * AT_ONCE, "c");
		const newest = callee.invited.filter(({ to }) => to.startsWith("c"));
		expect(newest.some(({ signalling }) => signalling === all[1]?.sip)).toBe(
			true,
		);
		expect(newest.some(({ media }) => portRange(media) === 3)).toBe(true);
		for (const call of [...stays, ...more, ...again]) await call.stop();
		for (const call of [...stays, ...more, ...again])
			expect((await call.ended()).end).toMatchObject({ reason: "stopped" });
	});
});
