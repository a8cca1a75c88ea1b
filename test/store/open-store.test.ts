import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	afterAll,
	beforeAll,
	describe,
	expect,
	it,
	onTestFinished,
} from "vitest";
import { systemClock } from "../../core/clock.js";
import { createLog, silentLog } from "../../core/log.js";
import { openStore } from "../../store/open-store.js";
import { PglitePool } from "../../store/pglite-pool.js";
import { newCall, newDataDir, queued, SLOW_MS } from "./data-dir.js";

const open = (dataDir: string) =>
	openStore({ dataDir, clock: systemClock, log: silentLog });

async function dataDirForThisTest(): Promise<string> {
	const { dataDir, remove } = await newDataDir();
	onTestFinished(remove);
	return dataDir;
}

describe("opening the store", () => {
	it(
		"makes everything where there is nothing, or only what a killed start has left",
		async () => {
			const parent = mkdtempSync(join(tmpdir(), "flowdial-store-"));
			onTestFinished(() => rmSync(parent, { recursive: true }));
			const dataDir = join(parent, "not", "there");
			const leftover = join(dataDir, "database.unfinished");
			mkdirSync(leftover, { recursive: true });
			writeFileSync(join(leftover, "PG_VERSION"), "18\n");
			const lines: string[] = [];
			const write = (line: string) => lines.push(line);
			const log = createLog({ level: "info", write });
			const store = await openStore({ dataDir, clock: systemClock, log });
			expect(lines.join()).toMatch(/the database is made, which takes/);
			const call = newCall();
			await store.calls.insert(call, queued(call));
			await store.close();
			expect(readdirSync(dataDir).sort()).toEqual(["database", "lock"]);
			expect(statSync(join(dataDir, "database")).mode & 0o777).toBe(0o700);
		},
		SLOW_MS,
	);

	it(
		"fails where another store has the folder, which loses nothing by it",
		async () => {
			const dataDir = await dataDirForThisTest();
			const call = newCall();
			const store = await open(dataDir);
			await expect(open(dataDir)).rejects.toThrow(
				"Another flowdial runs on DATA_DIR",
			);
			await store.calls.insert(call, queued(call));
			await store.close();
			const again = await open(dataDir);
			expect(await again.calls.find("dev", call.id)).toMatchObject({
				id: call.id,
			});
			await again.close();
		},
		SLOW_MS,
	);

	it(
		"fails on a folder that holds no database, and lets go of it",
		async () => {
			const dataDir = await dataDirForThisTest();
			rmSync(join(dataDir, "database", "global"), { recursive: true });
			await expect(open(dataDir)).rejects.toThrow();
			expect(readdirSync(join(dataDir, "lock"))).toEqual([]);
		},
		SLOW_MS,
	);
});

describe("the database's thread", () => {
	let pool: PglitePool;
	let cleanUp: () => void;
	beforeAll(async () => {
		const { dataDir, remove } = await newDataDir();
		cleanUp = remove;
		pool = await PglitePool.open(join(dataDir, "database"), silentLog);
	}, SLOW_MS);
	afterAll(async () => {
		await pool.end();
		cleanUp();
	});

	it("answers one client after the other, first come, first served", async () => {
		const order: string[] = [];
		const work = async (name: string) => {
			const client = await pool.connect();
			order.push(`${name} begins`);
			await client.query("select 1", []);
			order.push(`${name} ends`);
			client.release();
		};
		await Promise.all(["a", "b", "c"].map(work));
		expect(order).toEqual(
			["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]),
		);
	});

	it("goes on after a query that PostgreSQL refuses", async () => {
		const client = await pool.connect();
		for (const [sql, parameter, code] of [
			["select nonsense from nowhere", [], "42P01"],
			["select $1::integer", ["x"], "22P02"],
			["select 1 / $1::integer", [0], "22012"],
		] as const)
			await expect(client.query(sql, parameter)).rejects.toMatchObject({
				code,
			});
		const { rows } = await client.query(
			"select $1::text as a, $2::timestamptz as b, $3::jsonb as c",
			["é", new Date(1), null],
		);
		expect(rows).toEqual([{ a: "é", b: new Date(1), c: null }]);
		client.release();
		expect(pool.alive).toBe(true);
	});

	it("keeps its statements apart, however many there are", async () => {
		const client = await pool.connect();
		for (let round = 0; round < 2; round++)
			for (let n = 0; n < 250; n++) {
				const { rows } = await client.query(
					`select ${n} + $1::integer as sum`,
					[round],
				);
				expect(rows).toEqual([{ sum: n + round }]);
			}
		client.release();
	});

	// the last test: the pool is of no use after it
	it("is given up at an error from which a server would restart", async () => {
		let losses = 0;
		pool.onLost(() => losses++);
		const client = await pool.connect();
		const diskFull =
			"do $$ begin raise exception 'disk full' using errcode = '53100'; end $$";
		const results = await Promise.allSettled([
			client.query(diskFull, []),
			client.query("select 1", []),
		]);
		client.release();
		expect(results.map(({ status }) => status)).toEqual([
			"rejected",
			"rejected",
		]);
		expect(pool.alive).toBe(false);
		expect(losses).toBe(1);
		const next = await pool.connect();
		await expect(next.query("select 1", [])).rejects.toThrow(
			"The database is gone: disk full",
		);
		next.release();
	});
});

it("a PostgreSQL server that is not there is named by DATABASE_URL, without the password", async () => {
	const lines: string[] = [];
	const write = (line: string) => lines.push(line);
	let now = 0;
	const opened = openStore({
		dataDir: await dataDirForThisTest(),
		databaseUrl: "postgres://joe:hunter2@127.0.0.1:9/calls",
		// each look at the clock is 15 seconds later
		clock: { ...systemClock, monotonic: () => (now += 15_000) },
		log: createLog({ level: "info", write }),
	});
	const where = "PostgreSQL at 127.0.0.1:9 (DATABASE_URL)";
	await expect(opened).rejects.toThrow(
		`${where} has not answered in 20 seconds: connect ECONNREFUSED`,
	);
	expect(lines.join()).toContain(
		`${where} does not answer; it is tried again and again`,
	);
	expect(lines.join()).not.toContain("hunter2");
});
