import { join } from "node:path";
import { Kysely, PostgresDialect, sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../core/log.js";
import { activeflowId } from "../../store/activeflow.js";
import {
	fillActiveflowIds,
	StoredActiveflows,
} from "../../store/activeflows.js";
import { type Migration, migrate } from "../../store/migrate.js";
import { migrations } from "../../store/migrations/all.js";
import { PglitePool } from "../../store/pglite-pool.js";
import type { Tables } from "../../store/schema.js";
import { newCall, newDataDir, SLOW_MS } from "./data-dir.js";

let pool: PglitePool;
let db: Kysely<Tables>;
let cleanUp: () => void;

beforeAll(async () => {
	const { dataDir, remove } = await newDataDir();
	pool = await PglitePool.open(join(dataDir, "database"), silentLog);
	db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
	cleanUp = remove;
}, SLOW_MS);
afterAll(async () => {
	await pool.end();
	cleanUp();
});

/** A schema of its own stands in for an empty database. */
beforeEach(async () => {
	await sql`drop schema if exists fresh cascade`.execute(db);
	await sql`create schema fresh`.execute(db);
	await sql`set search_path = fresh`.execute(db);
});

const applied = async () =>
	(
		await db.selectFrom("migrations").selectAll().orderBy("number").execute()
	).map(({ number, name }) => `${number} ${name}`);

const step = (number: number, name: string, ...statements: string[]) =>
	({
		number,
		name,
		statements: statements.map((text) => sql.raw(text)),
	}) satisfies Migration;

const first = step(1, "one", "create table one (a integer)");
const second = step(
	2,
	"two",
	"alter table one add b integer",
	"create table two (a integer)",
);

describe("migrations", () => {
	it("are numbered from 1 without a gap", () => {
		expect(migrations.map(({ number }) => number)).toEqual(
			migrations.map((_, index) => index + 1),
		);
	});

	it("run in order, each once, and are recorded", async () => {
		await migrate(db, [first]);
		expect(await applied()).toEqual(["1 one"]);
		await migrate(db, [first, second]);
		await migrate(db, [first, second]);
		expect(await applied()).toEqual(["1 one", "2 two"]);
		await sql`insert into one (a, b) values (1, 2)`.execute(db);
	});

	it("leave nothing behind when one fails", async () => {
		const broken = step(
			2,
			"broken",
			"create table two (a integer)",
			"create nonsense",
		);
		await expect(migrate(db, [first, broken])).rejects.toThrow("syntax error");
		await migrate(db, [first, second]);
		expect(await applied()).toEqual(["1 one", "2 two"]);
	});

	it("leave what takes long until others can use the tables, and do it once", async () => {
		const seen: unknown[] = [];
		const slow: Migration = {
			...second,
			async afterwards(db) {
				seen.push(db.isTransaction, await applied());
			},
		};
		await migrate(db, [first, slow]);
		await migrate(db, [first, slow]);
		expect(seen).toEqual([false, ["1 one", "2 two"]]);
	});

	it("keep what was recorded of a call as its first attempt's", async () => {
		await migrate(db, migrations.slice(0, 5));
		const { id } = newCall();
		const insert = (id: string, recording: object | null) =>
			sql`insert into calls (id, cloud_id, status, number, caller_id, flow, flow_hash, variables, record, created_at, due_at, recording)
				values (${id}, 'dev', 'ended', '911', '1', '[]', '', '{}', true, now(), now(), ${recording && JSON.stringify(recording)})`.execute(
				db,
			);
		await insert(id, { path: "/r/1.wav", bytes: 44, duration_s: 1.5 });
		await insert(newCall().id, null);
		await migrate(db, migrations);
		const kept = await db.selectFrom("recordings").selectAll().execute();
		expect(kept.map(({ bytes }) => Number(bytes))).toEqual([44]);
		expect(kept).toMatchObject([
			{
				...{ call_id: id, cloud_id: "dev", attempt: 1, path: "/r/1.wav" },
				...{ duration: 1.5, deleted_at: null },
			},
		]);
	});

	it("give each call the id of its activeflow, and find one that an older version makes later", async () => {
		await migrate(db, migrations.slice(0, 11));
		const insert = (count: number) =>
			sql`insert into calls (id, cloud_id, status, number, caller_id, flow, flow_hash, variables, record, created_at, due_at)
				select gen_random_uuid(), 'dev', 'ended', '911', '1', '[]', '', '{}', true, now(), now() from generate_series(1, ${sql.lit(count)})`.execute(
				db,
			);
		await insert(4_100);
		await migrate(db, migrations);
		const kept = await db
			.selectFrom("calls")
			.select(["id", "activeflow_id"])
			.execute();
		expect(kept).toHaveLength(4_100);
		for (const { id, activeflow_id } of kept)
			expect(activeflow_id).toBe(activeflowId(id));
		await insert(2);
		const later = await db
			.selectFrom("calls")
			.select("id")
			.where("activeflow_id", "is", null)
			.execute();
		const activeflows = new StoredActiveflows(db);
		expect(later).toHaveLength(2);
		for (const { id } of later)
			expect(await activeflows.find("dev", activeflowId(id))).toMatchObject({
				callId: id,
			});
		expect(await fillActiveflowIds(db)).toBe(0);
	});

	it("refuse a database that newer code has been at", async () => {
		await migrate(db, [first, second]);
		await expect(migrate(db, [first])).rejects.toThrow(
			"The database is newer than this program: it is at migration 2 (two), the program knows 1.",
		);
		expect(await applied()).toEqual(["1 one", "2 two"]);
	});
});
