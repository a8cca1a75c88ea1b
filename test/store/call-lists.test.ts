import { Kysely, PostgresDialect, sql } from "kysely";
import { NIL } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { newId } from "../../core/id.js";
import { silentLog } from "../../core/log.js";
import type { CallFilter } from "../../store/call-list.js";
import { PglitePool } from "../../store/pglite-pool.js";
import { PostgresServer } from "../../store/postgres-server.js";
import type { Tables } from "../../store/schema.js";
import type { Position, Store } from "../../store/store.js";
import { SLOW_MS } from "./data-dir.js";
import { databases } from "./databases.js";

const CALLS = 100_000;
const FIRST_MS = Date.UTC(2026, 0, 1);
/** Ten of them are created in each second. */
const instantOf = (n: number) => FIRST_MS + Math.floor(n / 10) * 1_000;
const PARENT = newId();
/** Measured: 0.4 to 2.3 ms; to look through all takes PGlite 35. */
const QUICK_MS = 15;

/** Of many runs the quickest, in milliseconds: others compile on the same machine. */
async function quickest(
	find: () => Promise<unknown[]>,
	wanted: number,
): Promise<number> {
	let took = Number.POSITIVE_INFINITY;
	for (let run = 0; run < 30; run++) {
		const begun = performance.now();
		expect(await find()).toHaveLength(wanted);
		took = Math.min(took, performance.now() - begun);
	}
	return took;
}

/** 100,000 calls of one account, as they are after weeks: nearly all ended, one in 20,000 canceled, one in 10,000 to +1555. */
async function fill(db: Kysely<Tables>): Promise<void> {
	await sql`
		insert into calls (id, cloud_id, status, outcome, number, caller_id, flow, flow_hash, variables, record, created_at, due_at, parent_call_id)
		select gen_random_uuid(), 'dev', case when n % 25000 = 0 then 'answered' else 'ended' end,
			case when n % 25000 = 0 then null when n % 20000 = 1 then 'canceled' when n % 3 = 0 then 'busy' else 'answered' end,
			case when n % 10000 = 2 then '+1555' else (1000000 + n)::text end, '1', '[]', 'f', '{}', false, at, at,
			case when n = 50000 then ${PARENT}::uuid end
		from generate_series(0, ${sql.lit(CALLS - 1)}) as n,
			lateral (select ${new Date(FIRST_MS)}::timestamptz + n / 10 * interval '1 second' as at) as times`.execute(
		db,
	);
}

describe.each(databases)(
	"an account with 100,000 calls, on $name",
	({ start, isThere }) => {
		if (!isThere) return void it.skip("is not here", () => {});
		let database: Awaited<ReturnType<typeof start>>;
		let store: Store;
		beforeAll(async () => {
			database = await start();
			const { databaseUrl, dataDir, open } = database;
			await (await open()).close();
			const told = { clock: systemClock, log: silentLog };
			const pool = databaseUrl
				? new PostgresServer(databaseUrl, told)
				: await PglitePool.open(`${dataDir}/database`, silentLog);
			await fill(
				new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }),
			);
			await pool.end();
			store = await open();
		}, 4 * SLOW_MS);
		afterAll(async () => {
			await store.close();
			await database.stop();
		}, SLOW_MS);

		const page = (filter: CallFilter, after: Position | null) =>
			store.calls.list("dev", filter, { after, limit: 51 });

		it.each<[string, CallFilter, number]>([
			["all", {}, 51],
			["those under way", { status: "answered" }, 4],
			["those that ended", { status: "ended" }, 51],
			["a rare outcome", { outcome: "canceled" }, 5],
			["a common outcome", { outcome: "busy" }, 51],
			["a number", { number: "+1555" }, 10],
			["a number that ended busy", { number: "+1555", outcome: "busy" }, 3],
			["a number that was never rung", { number: "+1666" }, 0],
			["what one call arranged", { parentCallId: PARENT }, 1],
			["an hour", { from: instantOf(50_000), before: instantOf(50_030) }, 30],
			[
				"a rare outcome of some days",
				{
					...{ outcome: "canceled", status: "ended" },
					...{ from: instantOf(10_000), before: instantOf(90_000) },
				},
				4,
			],
		])("finds %s in milliseconds", async (_, filter, wanted) => {
			expect(await quickest(() => page(filter, null), wanted)).toBeLessThan(
				QUICK_MS,
			);
		});

		it("pages in the middle as fast as at the beginning", async () => {
			const middle = { at: instantOf(CALLS / 2), id: NIL };
			const took = await quickest(() => page({}, middle), 51);
			expect(took).toBeLessThan(QUICK_MS);
			const [first] = await page({}, middle);
			expect(first?.createdAt).toBe(instantOf(CALLS / 2 - 1));
		});
	},
);
