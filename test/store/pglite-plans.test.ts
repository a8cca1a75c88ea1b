import { join } from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../core/clock.js";
import { activeflowId } from "../../store/activeflow.js";
import { StoredActiveflows } from "../../store/activeflows.js";
import type { CallFilter } from "../../store/call-list.js";
import {
	StoredCallbacks,
	type StoredCallbacksOptions,
} from "../../store/callbacks.js";
import { StoredCalls } from "../../store/calls.js";
import { StoredDeliveries } from "../../store/deliveries.js";
import { migrate } from "../../store/migrate.js";
import { migrations } from "../../store/migrations/all.js";
import { PgliteEngine } from "../../store/pglite-engine.js";
import { PoolClient } from "../../store/pool-client.js";
import { StoredSchedules } from "../../store/schedules.js";
import type { Tables } from "../../store/schema.js";
import { writeAll } from "../../store/write-calls.js";
import { newCall, newDataDir, newEvent, SLOW_MS } from "./data-dir.js";

let engine: PgliteEngine;
let folder: Awaited<ReturnType<typeof newDataDir>>;
beforeAll(async () => {
	folder = await newDataDir();
	engine = await PgliteEngine.open(join(folder.dataDir, "database"));
	await engine.query(
		"create table waiting (id integer primary key, due integer, status text)",
		[],
	);
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
	return keptPlan(statement, [parameter]);
}

const literal = (value: unknown) => {
	if (value == null) return "null";
	const text = value instanceof Date ? value.toISOString() : String(value);
	return `'${text.replaceAll("'", "''")}'`;
};

async function keptPlan(
	statement: string,
	parameters: readonly unknown[],
): Promise<string> {
	const { rows: known } = await engine.query(
		"select name, generic_plans > 0 as is_kept from pg_prepared_statements where statement = $1",
		[statement],
	);
	expect(known).toMatchObject([{ is_kept: true }]);
	const { rows } = await engine.query(
		`explain execute ${known[0]?.name}(${parameters.map(literal).join()})`,
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
	])("still does when it is large: %s", async (statement, parameter) => {
		const plan = await planOf(statement, parameter);
		expect(plan).toContain("Index Cond");
		expect(plan).not.toMatch(/Seq Scan|Sort/);
	});
});

describe("what an instance writes to a database that is almost empty", () => {
	const OWNER = 1;
	const asked: { statement: string; parameters: readonly unknown[] }[] = [];
	let db: Kysely<Tables>;
	beforeAll(async () => {
		const client = new PoolClient(
			(statement, parameters) => {
				asked.push({ statement, parameters });
				return engine.query(statement, parameters);
			},
			() => {},
		);
		const pool = { connect: async () => client, end: async () => {} };
		db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
		await migrate(db, migrations);
		await engine.query("insert into instances (number) values ($1)", [OWNER]);
	}, SLOW_MS);

	const call = newCall();
	const { id: callId, publish } = call;
	const write = (seq: number) => ({
		...{ callId, events: [newEvent(call, seq)], publish },
		patch: { status: "ringing" as const },
	});
	const planOfLast = async () => {
		const last = asked.at(-1);
		return last ? keptPlan(last.statement, last.parameters) : "";
	};

	it("finds a call by its id, not among all that are live", async () => {
		const insert = { ...call, owned: true };
		await writeAll(db, OWNER, [{ ...write(1), insert, patch: {} }]);
		for (let seq = 2; seq < 12; seq++) await writeAll(db, OWNER, [write(seq)]);
		const plan = await planOfLast();
		expect(plan).toContain("Index Cond: (id = patch.id)");
		expect(plan).not.toContain("calls_owned");
	});

	it("finds the oldest delivery without the others, however often it is scraped", async () => {
		const database = { isInterruption: () => false };
		const parts = { database, clock: systemClock };
		await new StoredDeliveries(db, OWNER, parts).oldestPendingAt();
		const { rows } = await engine.query(
			`explain ${asked.at(-1)?.statement}`,
			[],
		);
		const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
		expect(plan.match(/Index Only Scan using deliveries_to/g)).toHaveLength(2);
		expect(plan).not.toMatch(/Scan on deliveries|Sort/);
	});

	it.each([
		["callbacks_due", StoredCallbacks],
		["schedules_due", StoredSchedules],
	])(
		"finds what is due next by %s alone, however often it is scraped",
		async (index, Stored) => {
			const options = { db } as StoredCallbacksOptions; // it needs no more here
			await new Stored(options).nextDueAt();
			const { rows } = await engine.query(
				`explain ${asked.at(-1)?.statement}`,
				[],
			);
			const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
			expect(plan).toContain(`Index Only Scan using ${index}`);
			expect(plan).not.toMatch(/Seq Scan|Sort|Bitmap/);
		},
	);

	it.each<[string, CallFilter]>([
		["calls_of", {}],
		["calls_of", { from: 1, before: 2 }],
		["calls_of_status", { status: "ended", from: 1 }],
		["calls_of_outcome", { outcome: "busy" }],
		["calls_of_number", { number: "1" }],
		["calls_of_parent", { parentCallId: callId }],
	])(
		"finds a page of calls by %s alone, in its order: %j",
		async (index, filter) => {
			const database = { isInterruption: () => false };
			const parts = { database, clock: systemClock };
			const calls = new StoredCalls(db, OWNER, parts);
			const page = { after: { at: 5, id: callId }, limit: 51 };
			for (let run = 0; run < 10; run++)
				await calls.list(call.cloudId, filter, page);
			const plan = await planOfLast();
			expect(plan).toContain(`Index Scan Backward using ${index} on calls`);
			expect(plan).not.toMatch(/Seq Scan|Sort|Bitmap/);
			if (index !== "calls_of_parent") expect(plan).not.toContain("Filter");
		},
	);

	it("finds activeflows by their index, and one page in order", async () => {
		const activeflows = new StoredActiveflows(db);
		const id = activeflowId(callId);
		for (let run = 0; run < 10; run++)
			expect(await activeflows.find(call.cloudId, id)).toMatchObject({
				callId,
			});
		expect(await planOfLast()).toContain("using calls_of_activeflow on calls");
		const page = { after: { at: 5, id: callId }, limit: 100 };
		for (let run = 0; run < 10; run++)
			await activeflows.list(call.cloudId, page);
		const plan = await planOfLast();
		expect(plan).toContain("Index Scan Backward using calls_of on calls");
		expect(plan.match(/Index Scan Backward using events_pkey/g)).toHaveLength(
			2,
		);
		expect(plan).not.toMatch(/Seq Scan|Bitmap|on calls calls_1/);
	});

	it("finds a delivery by its event, not among all that are under way", async () => {
		const database = { isInterruption: () => false };
		const parts = { database, clock: systemClock };
		const deliveries = new StoredDeliveries(db, OWNER, parts);
		for (let attempts = 1; attempts < 12; attempts++)
			await deliveries.settle({
				...{ eventId: newEvent(call, 1).id, status: "delivered", attempts },
				...{ dueAt: call.dueAt, attempt: null },
			});
		const plan = await planOfLast();
		expect(plan).toContain("Index Cond: (event_id = result.event_id)");
		expect(plan).not.toContain("deliveries_owned");
	});
});
