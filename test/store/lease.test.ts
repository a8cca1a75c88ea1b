import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { openStore } from "../../store/open-store.js";
import type { Store } from "../../store/store.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { SocketProxy } from "../support/socket-proxy.js";
import { newDataDir, SLOW_MS } from "./data-dir.js";

/** Others look every 3 s. */
const LOOK_MS = 4_500;

describe.skipIf(!hasPostgres)("the lease of an instance", () => {
	let server: Postgres;
	let client: pg.Client;
	let proxy: SocketProxy;
	let store: Store;
	let removeDir = () => {};
	let isFenced = false;
	beforeAll(async () => {
		server = await Postgres.start();
		const url = await server.newDatabase();
		proxy = new SocketProxy(url);
		const { dataDir, remove } = await newDataDir();
		removeDir = remove;
		store = await openStore({
			...{ dataDir, databaseUrl: await proxy.open(url) },
			...{ clock: systemClock, log: silentLog },
		});
		store.onFenced(() => {
			isFenced = true;
		});
		client = new pg.Client(url);
		await client.connect();
	}, SLOW_MS);
	afterAll(async () => {
		await store.close();
		await client.end();
		proxy.close();
		removeDir();
		await server.stop();
	}, SLOW_MS);

	/** One without a lock, last seen now: on this server, or on the one before it. */
	const insert = (number: number, isHere: boolean) =>
		client.query(
			`insert into instances (number, server_started_at)
			select $1, pg_postmaster_start_time() - case when $2 then interval '0 s' else interval '1 s' end`,
			[number, isHere],
		);
	const seen = (number: number) =>
		client.query("update instances set seen_at = now() where number = $1", [
			number,
		]);
	const others = async () => {
		const { rows } = await client.query<{ number: number }>(
			"select number from instances where number >= 900 order by number",
		);
		return rows.map(({ number }) => number);
	};

	it("ends with its session, but not by what the server before this one knew", {
		timeout: SLOW_MS,
	}, async () => {
		await insert(900, true);
		await insert(901, false);
		await expect.poll(others, { timeout: LOOK_MS }).toEqual([901]);
	});

	it("is not looked at by one that has just lost its own session", {
		timeout: SLOW_MS,
	}, async () => {
		await client.query(
			"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
		);
		await insert(902, true);
		for (let look = 0; look < 2; look++) {
			await sleep(LOOK_MS);
			for (const number of [901, 902]) await seen(number);
		}
		expect(await others()).toEqual([901, 902]);
		await expect.poll(others, { timeout: 2 * LOOK_MS }).toEqual([901]);
	});

	it("is kept over connections that are lost without a word", {
		timeout: SLOW_MS,
	}, async () => {
		await store.queue.nextDueAt();
		proxy.forget();
		const lost = store.queue.nextDueAt().catch((error: Error) => error);
		for (let second = 0; second < 14; second++) {
			await sleep(1_000);
			const { rows } = await client.query<{ age: number }>(
				"select extract(epoch from now() - seen_at)::float as age from instances where number < 900",
			);
			expect(rows[0]?.age).toBeLessThan(9.5);
		}
		expect(await lost).toMatchObject({ message: "Query read timeout" });
		await store.held();
		expect(isFenced).toBe(false);
	});

	it("lasts while it is renewed, though the clock of the server was set, and no longer", {
		timeout: SLOW_MS,
	}, async () => {
		await insert(903, false);
		for (let second = 0; second < 8; second++) {
			// as another that has renewed it just before the clock was set
			await client.query(
				"update instances set seen_at = now() - interval '20 s' where number = 903",
			);
			await sleep(1_000);
		}
		expect(await others()).toContain(903);
		await client.query(
			"update instances set seen_at = now() + interval '1 h' where number = 903",
		);
		await sleep(9_000);
		expect(await others()).toContain(903);
		await expect.poll(others, { timeout: 3 * LOOK_MS }).not.toContain(903);
	});
});
