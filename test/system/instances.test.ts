import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallEvent } from "../../core/event.js";
import { newDataDir, SLOW_MS } from "../store/data-dir.js";
import { Child } from "../support/child.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { UdpCallee } from "../support/udp-callee.js";

const TOKEN = "token-of-the-instances-test";
/** A lease is over after 10 s without a renewal, and others look every 3 s, from 3 s after it on. */
const FROZEN_MS = 19_000;

describe.skipIf(!hasPostgres)("two instances on one PostgreSQL", () => {
	let server: Postgres;
	let callee: UdpCallee;
	let databaseUrl: string;
	const removals: (() => void)[] = [];
	beforeAll(async () => {
		server = await Postgres.start();
		databaseUrl = await server.newDatabase();
		callee = await UdpCallee.start();
	}, SLOW_MS);
	afterAll(async () => {
		await callee.stop();
		await server.stop();
		for (const remove of removals) remove();
	}, SLOW_MS);

	async function start(settings: Record<string, string> = {}) {
		const { dataDir, remove } = await newDataDir();
		removals.push(remove);
		const listens = /listens at (http:\S+)/;
		const child = await Child.start(
			"server/main.js",
			{
				...{ HTTP_PORT: "0", SOFTSWITCH_SIP: "127.0.0.1:0" },
				...{ DATA_DIR: dataDir, DATABASE_URL: databaseUrl },
				...{ AUTH_TOKEN: TOKEN, LOG_LEVEL: "warn", DRAIN_TIMEOUT: "0" },
				...settings,
			},
			listens,
		);
		const url = listens.exec(child.said)?.[1] ?? "";
		const ask = async (path: string, body?: object) => {
			const answer = await fetch(`${url}${path}`, {
				headers: {
					authorization: `Bearer ${TOKEN}`,
					"content-type": "application/json",
				},
				...(body && { method: "POST", body: JSON.stringify(body) }),
			});
			return (await answer.json()) as { id: string; result: CallEvent[] };
		};
		return { child, ask };
	}

	const long = (name: string, more: object = {}) => ({
		...more,
		flow: [
			{
				...{ id: 1, type: "call", number: callee.uri(name), next_step: 2 },
				...{ caller_id: "100", timeout: 60 },
			},
			{ id: 2, type: "keypad", count: 1, timeout: 120 },
		],
	});
	const types = async (
		{ ask }: Awaited<ReturnType<typeof start>>,
		id: string,
	) =>
		(await ask(`/calls/${id}/events?page_size=100`)).result.map(
			({ type }) => type,
		);
	const rings = (name: string) =>
		callee.invited.filter(({ to }) => to === name);
	const isLive = (name: string) => callee.live.some(({ to }) => to === name);

	it("one that was frozen longer than its lease rings nobody, hangs up and ends; the other has told its calls' end", {
		timeout: 90_000,
	}, async () => {
		const [one, two] = [await start(), await start()];
		const retry = { attempts: 2, interval: 1, on: ["interrupted"] };
		const up = await one.ask("/call/flow", long("up"));
		const again = await one.ask("/call/flow", long("again", { retry }));
		await expect
			.poll(async () => [await types(one, up.id), await types(one, again.id)])
			.toEqual([
				expect.arrayContaining(["call.answered"]),
				expect.arrayContaining(["call.answered"]),
			]);
		one.child.signal("SIGSTOP");
		await pause(FROZEN_MS);
		expect((await types(two, up.id)).slice(-2)).toEqual([
			...["call.attempt_ended", "call.ended"],
		]);
		// tried again, by the one that lives
		expect(rings("again")).toHaveLength(2);
		one.child.signal("SIGCONT");
		expect(await one.child.exit()).toBe(1);
		expect(one.child.said).toContain("another instance has taken over");
		await expect.poll(() => isLive("up")).toBe(false);
		expect(rings("up")).toHaveLength(1);
		expect(rings("again")).toHaveLength(2);
		const ends = await types(two, up.id);
		expect(ends.filter((type) => type === "call.ended")).toHaveLength(1);
		await two.child.exit("SIGTERM");
	});

	it("one takes over within 15 s what the other leaves when it is killed", {
		timeout: 90_000,
	}, async () => {
		const [one, two] = [await start(), await start()];
		const call = await one.ask("/call/flow", long("killed"));
		const later = await one.ask("/call/flow", {
			...long("later"),
			start_at: new Date(Date.now() + 4_000).toISOString(),
		});
		await expect
			.poll(async () => types(one, call.id))
			.toContain("call.answered");
		await one.child.exit("SIGKILL");
		const killedAt = Date.now();
		await expect
			.poll(async () => types(two, call.id), { timeout: 15_000 })
			.toContain("call.ended");
		await expect
			.poll(async () => types(two, later.id), { timeout: 15_000 })
			.toContain("call.answered");
		expect(Date.now() - killedAt).toBeLessThan(15_000);
		expect(rings("later")).toHaveLength(1);
		await two.child.exit("SIGTERM");
	});

	it("one that shuts down leaves what waits to the other at once, and is still asked to stop a call", {
		timeout: 90_000,
	}, async () => {
		const one = await start({ DRAIN_TIMEOUT: "60", CALLS_PER_SECOND: "0.01" });
		const live = await one.ask("/call/flow", long("live"));
		await expect
			.poll(async () => types(one, live.id))
			.toContain("call.answered");
		// its turn would come after 100 s
		const waits = await one.ask("/call/flow", long("waits"));
		const two = await start();
		one.child.signal("SIGTERM");
		await expect
			.poll(async () => types(two, waits.id), { timeout: 5_000 })
			.toContain("call.answered");
		expect(isLive("live")).toBe(true);
		expect(rings("waits")).toHaveLength(1);
		await two.ask(`/calls/${live.id}/stop`, {});
		await expect.poll(() => isLive("live"), { timeout: 5_000 }).toBe(false);
		expect(await one.child.exit()).toBe(0);
		expect(isLive("waits")).toBe(true);
		await two.child.exit("SIGTERM");
		expect(isLive("waits")).toBe(false);
	});

	it("any of them controls a call of the other, and tells what the other refuses", {
		timeout: 90_000,
	}, async () => {
		const [one, two] = [await start(), await start()];
		const call = await one.ask("/call/flow", {
			flow: [
				...long("controlled").flow,
				{ id: 3, type: "keypad", count: 1, timeout: 120 },
			],
		});
		await expect
			.poll(async () => types(one, call.id))
			.toContain("call.answered");
		const control = (command: string, body: object) =>
			two.ask(`/calls/${call.id}/${command}`, body);
		const startedAt = performance.now();
		expect(await control("mute", { on: true })).toMatchObject({ muted: true });
		expect(await control("redirect", { step: 3 })).toMatchObject({
			...{ step_id: "3", muted: true },
		});
		expect(performance.now() - startedAt).toBeLessThan(2_000);
		expect(await control("redirect", { step: 4 })).toMatchObject({
			code: "BAD_REQUEST",
			problems: [{ path: "$.step", value: "4" }],
		});
		// its owner does not hear of it
		one.child.signal("SIGSTOP");
		expect(await control("mute", { on: false })).toMatchObject({
			code: "CONTROL_UNANSWERED",
		});
		one.child.signal("SIGCONT");
		await two.ask(`/calls/${call.id}/stop`, {});
		await expect
			.poll(async () => types(two, call.id), { timeout: 15_000 })
			.toContain("call.ended");
		const told = await types(two, call.id);
		expect(told.filter((type) => type === "call.controlled")).toHaveLength(2);
		await one.child.exit("SIGTERM");
		await two.child.exit("SIGTERM");
	});
});
