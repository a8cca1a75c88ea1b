import { describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { PostgresServer } from "../../store/postgres-server.js";
import { PreparedNames } from "../../store/prepared-names.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { SLOW_MS } from "./data-dir.js";

describe("statements that are prepared", () => {
	it("have a name each, 200 at the most", () => {
		const names = new PreparedNames();
		const first = names.nameOf("select 1 as a");
		expect(first).toBeDefined();
		expect(names.nameOf("select 2 as a")).not.toBe(first);
		expect(names.nameOf("select 1 as a")).toBe(first);
		const many = Array.from({ length: 300 }, (_, n) =>
			names.nameOf(`delete from t where n = ${n}`),
		);
		expect(many.filter((name) => name !== undefined)).toHaveLength(198);
	});

	it.each([
		"select * from calls",
		"insert into calls (id) values ($1) returning *",
		"begin",
		"create table t (n integer)",
	])("are not %s", (text) => {
		expect(new PreparedNames().nameOf(text)).toBeUndefined();
	});

	it.skipIf(!hasPostgres)(
		"go on working when another version of the service adds a column",
		async () => {
			const server = await Postgres.start();
			const parts = { clock: systemClock, log: silentLog };
			const database = new PostgresServer(await server.newDatabase(), parts);
			const { query, release } = await connected(database);
			await query("create table t (n integer)");
			await query("insert into t (n) values ($1)", [1]);
			const statements = [
				"select * from t",
				"select n from t where n = $1",
				"with changed as (update t set n = $1 returning *) select n from changed",
				"update t set n = $1 returning *",
			];
			const run = async () => {
				for (const text of statements)
					expect(
						await query(text, text.includes("$1") ? [1] : []),
					).toMatchObject({ rows: [{ n: 1 }] });
			};
			await run();
			expect(
				await query(
					"select count(*)::integer as n from pg_prepared_statements",
				),
			).toMatchObject({ rows: [{ n: expect.toSatisfy((n) => n >= 3) }] });
			await query("alter table t add column added integer");
			await run();
			release();
			await database.end();
			await server.stop();
		},
		SLOW_MS,
	);
});

async function connected(database: PostgresServer) {
	const client = await database.connect();
	return {
		query: (text: string, values: unknown[] = []) => client.query(text, values),
		release: () => client.release(),
	};
}
