import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { PostgresServer } from "../../store/postgres-server.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { SLOW_MS } from "./data-dir.js";

describe.skipIf(!hasPostgres)("a PostgreSQL server that restarts", () => {
	let server: Postgres;
	let url: string;
	beforeAll(async () => {
		server = await Postgres.start();
		url = await server.newDatabase();
	}, SLOW_MS);
	afterAll(() => server.stop());

	const connect = () =>
		new PostgresServer(url, { clock: systemClock, log: silentLog });
	const restart = async () => {
		await server.down();
		await server.up();
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
			await restart();
			expect(database.isInterruption(await asked)).toBe(true);
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
});
