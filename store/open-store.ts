import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import type { Log } from "../core/log.js";
import { StoredAppointments } from "./appointments.js";
import { StoredCalls } from "./calls.js";
import { DataDirLock } from "./data-dir-lock.js";
import { migrate } from "./migrate.js";
import { migrations } from "./migrations/all.js";
import { PglitePool } from "./pglite-pool.js";
import type { Tables } from "./schema.js";
import type { Store } from "./store.js";

export interface StoreOptions {
	/** Holds the database and the lock; made where there is none. */
	dataDir: string;
	log: Log;
}

/** Takes the data folder, opens its database and brings it to the newest migration; throws if it cannot. */
export async function openStore({
	dataDir,
	log,
}: StoreOptions): Promise<Store> {
	mkdirSync(dataDir, { recursive: true });
	const lock = await DataDirLock.take(dataDir);
	let pool: PglitePool | undefined;
	try {
		pool = await PglitePool.open(join(dataDir, "database"), log);
		const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
		await migrate(db, migrations);
		return assemble(db, pool, lock);
	} catch (error) {
		await pool?.end();
		await lock.release();
		throw error;
	}
}

function assemble(
	db: Kysely<Tables>,
	pool: PglitePool,
	lock: DataDirLock,
): Store {
	const calls = new StoredCalls(db);
	return {
		calls,
		appointments: new StoredAppointments(db),
		get alive() {
			return pool.alive;
		},
		onLost: (listener) => pool.onLost(listener),
		async close() {
			await calls.settled();
			try {
				await pool.end();
			} finally {
				await lock.release();
			}
		},
	};
}
