import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kysely, PostgresDialect, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { newId } from "../../core/id.js";
import { silentLog } from "../../core/log.js";
import type { Database } from "../../store/database.js";
import { ExpiredRows } from "../../store/expired-rows.js";
import { migrate } from "../../store/migrate.js";
import { migrations } from "../../store/migrations/all.js";
import { PglitePool } from "../../store/pglite-pool.js";
import { PostgresServer } from "../../store/postgres-server.js";
import type { Tables } from "../../store/schema.js";
import { newDataDir } from "../store/data-dir.js";
import { hasPostgres, Postgres } from "../support/postgres.js";

const EVENTS = 100_000;
const EVENTS_OF_A_CALL = 20;
const LIMIT_MS = 180_000;
/** Rests between the batches in the service are longer. */
const REST_MS = 5;

async function fill(db: Kysely<Tables>): Promise<void> {
	await sql`insert into webhook_endpoints (id, cloud_id, url, created_at)
		values ('00000000-0000-4000-8000-000000000000', 'dev', 'https://example.com', now())`.execute(
		db,
	);
	await sql`insert into calls (id, cloud_id, status, number, caller_id, flow, flow_hash, variables, record, created_at, due_at, ended_at)
		select gen_random_uuid(), 'dev', 'ended', '911', '1', '[]', '', '{}', true, at, at, at
		from (
			select now() - interval '90 days' + make_interval(secs => n) as at
			from generate_series(1, ${EVENTS / EVENTS_OF_A_CALL}::integer) n
		) times`.execute(db);
	await sql`insert into events (id, call_id, seq, type, at, data)
		select gen_random_uuid(), calls.id, seq, 'step.started', ended_at, '{"step_id": "1", "type": "play", "unset": []}'
		from calls, generate_series(1, ${EVENTS_OF_A_CALL}::integer) seq`.execute(
		db,
	);
	await sql`insert into deliveries (event_id, call_id, seq, at, cloud_id, endpoint_id, method, status, due_at)
		select id, call_id, seq, at, 'dev', '00000000-0000-4000-8000-000000000000', 'POST', 'delivered', at
		from events`.execute(db);
}

/** Deletes all of it, while others ask for a call again and again: how long each statement took, and each question. */
async function measure(db: Kysely<Tables>) {
	const expired = new ExpiredRows(db);
	const before = systemClock.now() - 30 * 86_400_000;
	const timed = async (work: () => Promise<unknown>, into: number[]) => {
		const from = systemClock.monotonic();
		await work();
		into.push(systemClock.monotonic() - from);
	};
	const batches: number[] = [];
	const questions: number[] = [];
	/** Before anything is deleted. */
	const alone: number[] = [];
	let after: Awaited<ReturnType<typeof expired.deleteCalls>> = null;
	let isDone = false;
	const ask = async (into: number[]) => {
		const none = sql`select * from calls where id = ${newId()}::uuid`;
		await timed(() => none.execute(db), into);
		await sleep(2);
	};
	for (let n = 0; n < 300; n++) await ask(alone);
	const asks = (async () => {
		while (!isDone) await ask(questions);
	})();
	do {
		await timed(async () => {
			after = await expired.deleteCalls(before, after);
		}, batches);
		await sleep(REST_MS);
	} while (after);
	isDone = true;
	await asks;
	return {
		batches: sorted(batches),
		questions: sorted(questions),
		alone: sorted(alone),
	};
}

const sorted = (times: number[]) => times.sort((a, b) => a - b);
const quantile = (times: readonly number[], part: number) =>
	Math.round(times[Math.ceil(times.length * part) - 1] ?? Number.NaN);
const told = (name: string, times: readonly number[]) =>
	`${times.length} ${name}: p50 ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms, longest ${quantile(times, 1)} ms`;

async function holdsUpNobody(name: string, pool: Database): Promise<void> {
	const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
	await migrate(db, migrations);
	await fill(db);
	const { batches, questions, alone } = await measure(db);
	const all = [
		told("batches", batches),
		told("queries meanwhile", questions),
		told("queries before", alone),
	];
	console.log(`${name}: ${all.join("; ")}`);
	const left = await sql<{ rows: number }>`
		select (select count(*) from calls) + (select count(*) from events) + (select count(*) from deliveries) as rows`.execute(
		db,
	);
	expect(Number(left.rows[0]?.rows)).toBe(0);
	// far above what is measured alone: other tests run beside this one
	expect(quantile(batches, 0.5)).toBeLessThan(50);
	expect(quantile(questions, 0.9)).toBeLessThan(100);
	expect(batches.length).toBeGreaterThan(EVENTS / 500);
}

describe(`${EVENTS} events and their deliveries, deleted in batches`, () => {
	it(
		"hold up nobody on PGlite",
		async () => {
			const { dataDir, remove } = await newDataDir();
			const pool = await PglitePool.open(join(dataDir, "database"), silentLog);
			try {
				await holdsUpNobody("PGlite", pool);
			} finally {
				await pool.end();
				remove();
			}
		},
		LIMIT_MS,
	);

	it.skipIf(!hasPostgres)(
		"hold up nobody on PostgreSQL",
		async () => {
			const server = await Postgres.start();
			const parts = { clock: systemClock, log: silentLog };
			const pool = new PostgresServer(await server.newDatabase(), parts);
			try {
				await holdsUpNobody("PostgreSQL", pool);
			} finally {
				await pool.end();
				await server.stop();
			}
		},
		LIMIT_MS,
	);
});
