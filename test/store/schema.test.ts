import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Kysely, PostgresDialect, sql } from "kysely";
import { parseSync } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { silentLog } from "../../core/log.js";
import { readCatalog, type Table } from "../../store/catalog.js";
import { migrate } from "../../store/migrate.js";
import { migrations } from "../../store/migrations/all.js";
import { PglitePool } from "../../store/pglite-pool.js";
import { PostgresServer } from "../../store/postgres-server.js";
import type { Tables } from "../../store/schema.js";
import { schemaPage } from "../../store/schema-page.js";
import { hasPostgres, Postgres } from "../support/postgres.js";
import { newDataDir, SLOW_MS } from "./data-dir.js";

async function onPostgres(): Promise<Table[]> {
	const server = await Postgres.start();
	const told = { clock: systemClock, log: silentLog };
	const pool = new PostgresServer(await server.newDatabase(), told);
	try {
		const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
		await migrate(db, migrations);
		return await readCatalog(db);
	} finally {
		await pool.end();
		await server.stop();
	}
}

/** The columns of each table, by name. */
const columnsOf = (tables: readonly Table[]) =>
	Object.fromEntries(
		tables.map(({ name, columns }) => [
			name,
			columns.map((column) => column.name).sort(),
		]),
	);

/** The same of interface Tables. */
function declaredColumns(): Record<string, string[]> {
	const path = "store/schema.ts";
	const { program, errors } = parseSync(path, readFileSync(path, "utf8"));
	expect(errors).toEqual([]);
	const declared = program.body.flatMap((statement) =>
		statement.type === "ExportNamedDeclaration" &&
		statement.declaration?.type === "TSInterfaceDeclaration" &&
		statement.declaration.id.name === "Tables"
			? statement.declaration.body.body
			: [],
	);
	return Object.fromEntries(
		properties(declared).map(([table, type]) => {
			if (type?.type !== "TSTypeLiteral")
				throw new Error(`${table} does not say which columns it has`);
			const names = properties(type.members).map(([column]) => column);
			return [table, names.sort()];
		}),
	);
}

type Statement = ReturnType<typeof parseSync>["program"]["body"][number];
type Signature = Extract<
	Statement,
	{ type: "TSInterfaceDeclaration" }
>["body"]["body"][number];

const properties = (signatures: readonly Signature[]) =>
	signatures.map((one) => {
		if (one.type !== "TSPropertySignature" || one.key.type !== "Identifier")
			throw new Error("a table or a column is a plain name");
		return [one.key.name, one.typeAnnotation?.typeAnnotation] as const;
	});

const page = () => readFileSync("docs/schema.md", "utf8");

let pool: PglitePool;
let db: Kysely<Tables>;
let remove: () => void;
beforeAll(async () => {
	const made = await newDataDir();
	remove = made.remove;
	pool = await PglitePool.open(join(made.dataDir, "database"), silentLog);
	db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
	await migrate(db, migrations);
}, SLOW_MS);
afterAll(async () => {
	await pool.end();
	remove();
});

describe("the migrations", { timeout: SLOW_MS }, () => {
	it("make on PGlite what docs/schema.md (npm run generate) and store/schema.ts say", async () => {
		const made = await readCatalog(db);
		expect(schemaPage(made)).toBe(page());
		expect(columnsOf(made)).toEqual(declaredColumns());
	});

	it.skipIf(!hasPostgres)("make the same on PostgreSQL", async () => {
		expect(schemaPage(await onPostgres())).toBe(page());
	});

	it.each([
		["add a table", "create table surprise (id integer)"],
		["add a column", "alter table calls add surprise text"],
		["drop a column", "alter table calls drop sip_status"],
		["allow null", "alter table calls alter number drop not null"],
		["set a default", "alter table calls alter number set default ''"],
		["change a type", "alter table calls alter sip_status type bigint"],
		["add a check", "alter table calls add check (attempt > 0)"],
		["add a key", "alter table calls add unique (created_at)"],
		["add an index", "create index surprise on calls (number)"],
	])("cannot %s unnoticed", async (change, statement) => {
		const transaction = await db.startTransaction().execute();
		await sql.raw(statement).execute(transaction);
		const made = await readCatalog(transaction);
		await transaction.rollback().execute();
		expect(schemaPage(made)).not.toBe(page());
		if (/a table|a column/.test(change))
			expect(columnsOf(made)).not.toEqual(declaredColumns());
	});
});
