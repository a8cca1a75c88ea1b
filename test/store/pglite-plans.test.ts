import { join } from "node:path";
import {
	DummyDriver,
	Kysely,
	PostgresAdapter,
	PostgresIntrospector,
	PostgresQueryCompiler,
	sql,
} from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isOwn } from "../../store/is-own.js";
import { PgliteEngine } from "../../store/pglite-engine.js";
import { newDataDir, SLOW_MS } from "./data-dir.js";

const database = new Kysely<object>({
	dialect: {
		createAdapter: () => new PostgresAdapter(),
		createDriver: () => new DummyDriver(),
		createIntrospector: (db) => new PostgresIntrospector(db),
		createQueryCompiler: () => new PostgresQueryCompiler(),
	},
});
const ownedByOne = isOwn("waiting.owner", sql.lit(1)).compile(database).sql;

let engine: PgliteEngine;
let folder: Awaited<ReturnType<typeof newDataDir>>;
beforeAll(async () => {
	folder = await newDataDir();
	engine = await PgliteEngine.open(join(folder.dataDir, "database"));
	await engine.query(
		"create table waiting (id integer primary key, due integer, owner integer, status text, a text, b text, c text, d text, e text)",
		[],
	);
	await engine.query("create index waiting_owned on waiting (owner)", []);
	await engine.query(
		"create index waiting_due on waiting (due) where status = 'pending'",
		[],
	);
}, SLOW_MS);
afterAll(async () => {
	await engine.close();
	folder.remove();
});

/** The plan that PGlite has for a statement after it has run often, on an empty table. */
async function planOf(statement: string, parameter: string): Promise<string> {
	for (let run = 0; run < 10; run++) await engine.query(statement, [parameter]);
	const { rows: known } = await engine.query(
		"select name, generic_plans > 0 as is_kept from pg_prepared_statements where statement = $1",
		[statement],
	);
	expect(known).toMatchObject([{ is_kept: true }]);
	const { rows } = await engine.query(
		`explain execute ${known[0]?.name}('${parameter}')`,
		[],
	);
	return rows.map((row) => row["QUERY PLAN"]).join("\n");
}

describe("what PGlite plans once, on an empty table,", () => {
	it.each([
		[
			"select min(due) from waiting where status = 'pending' and due <= $1",
			"1",
		],
		[
			"select id from waiting where status = 'pending' and due <= $1 order by due limit 9 for update skip locked",
			"1",
		],
		[
			"update waiting set status = 'done' from json_to_recordset($1::json) as change (id integer) where waiting.id = change.id",
			'[{"id":1}]',
		],
		[
			`update waiting set status = 'done' from json_to_recordset($1::json) as change (id integer) where waiting.id = change.id and ${ownedByOne}`,
			'[{"id":1}]',
		],
	])("still does when it is large: %s", async (statement, parameter) => {
		const plan = await planOf(statement, parameter);
		expect(plan).toContain("Index Cond");
		expect(plan).not.toMatch(/Seq Scan|Sort|waiting_owned/);
	});
});
