import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { PostgresServer } from "../../store/postgres-server.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { SLOW_MS } from "./data-dir.js";

describe.skipIf(!hasPostgres)(
	"a PostgreSQL server that ends connections",
	() => {
		let server: Postgres;
		let url: string;
		beforeAll(async () => {
			server = await Postgres.start();
			url = await server.newDatabase();
		}, SLOW_MS);
		afterAll(() => server.stop());

		const connect = () =>
			new PostgresServer(url, { clock: systemClock, log: silentLog });
		/** As a restart does. */
		const endConnections = async () => {
			const client = new pg.Client(url);
			await client.connect();
			await client.query(
				"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
			);
			await client.end();
		};

		it(
			"interrupts who has a connection, and nothing else",
			async () => {
				const database = connect();
				const uncaught: unknown[] = [];
				const note = (error: unknown) => uncaught.push(error);
				process.on("uncaughtExceptionMonitor", note);
				const [idle, asking] = [
					await database.connect(),
					await database.connect(),
				];
				const asked = asking.query("select pg_sleep(60)", []).catch((e) => e);
				await endConnections();
				const end = await asked;
				expect(database.isInterruption(end)).toBe(true);
				// told of its end, it is asked for nothing more, and lent to nobody
				await expect(asking.query("select 1", [])).rejects.toBe(end);
				const next = await idle.query("select 1", []).catch((e) => e);
				expect(database.isInterruption(next)).toBe(true);
				for (const client of [idle, asking]) client.release();
				const client = await database.connect();
				expect(await client.query("select 1 as one", [])).toMatchObject({
					rows: [{ one: 1 }],
				});
				client.release();
				await sleep(100);
				expect(uncaught).toEqual([]);
				process.off("uncaughtExceptionMonitor", note);
				await database.end();
			},
			SLOW_MS,
		);

		it(
			"has its session held once by each process, however often it restarts",
			async () => {
				const HELD = "select pg_advisory_lock(1, 2)";
				const database = connect();
				await database.hold(HELD);
				const busy = async () => {
					const client = await database.connect();
					await client.query("select pg_sleep(0.01)", []).catch(() => {});
					client.release();
				};
				for (let round = 0; round < 10; round++) {
					// so that dying connections are there to be had
					const many = Array.from({ length: 7 }, busy);
					await endConnections();
					await Promise.all(many);
					await sleep(50);
				}
				const client = await database.connect();
				const locks = async () =>
					(
						await client.query(
							"select granted from pg_locks where locktype = 'advisory'",
							[],
						)
					).rows;
				await expect
					.poll(locks, { timeout: 10_000 })
					.toEqual([{ granted: true }]);
				await sleep(500);
				expect(await locks()).toEqual([{ granted: true }]);
				client.release();
				await database.end();
			},
			SLOW_MS,
		);

		it("can be left while it is away", async () => {
			const database = connect();
			await database.hold("select 1");
			await server.down();
			await sleep(300);
			await database.end();
			await server.up();
		});
	},
);
