import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";
import { StoredAppointments } from "./appointments.js";
import { StoredCalls } from "./calls.js";
import { DataDirLock } from "./data-dir-lock.js";
import type { Database } from "./database.js";
import { migrate } from "./migrate.js";
import { migrations } from "./migrations/all.js";
import { PglitePool } from "./pglite-pool.js";
import { PostgresServer } from "./postgres-server.js";
import type { Tables } from "./schema.js";
import type { Store } from "./store.js";

export interface StoreOptions {
	/** Holds the lock and, where there is no `databaseUrl`, the database; made where there is none. */
	dataDir: string;
	/** Of a PostgreSQL server. */
	databaseUrl?: string | undefined;
	clock: Clock;
	log: Log;
}

/** Takes the data folder, opens its database and brings it to the newest migration; throws if it cannot. */
export async function openStore({
	dataDir,
	databaseUrl,
	clock,
	log,
}: StoreOptions): Promise<Store> {
	mkdirSync(dataDir, { recursive: true });
	const lock = await DataDirLock.take(dataDir);
	let database: Database | undefined;
	try {
		database = databaseUrl
			? new PostgresServer(databaseUrl, { clock, log })
			: await PglitePool.open(join(dataDir, "database"), log);
		const db = new Kysely<Tables>({
			dialect: new PostgresDialect({ pool: database }),
		});
		await migrate(db, migrations);
		return assemble(db, database, lock);
	} catch (error) {
		await database?.end();
		await lock.release();
		throw error;
	}
}

function assemble(
	db: Kysely<Tables>,
	database: Database,
	lock: DataDirLock,
): Store {
	const calls = new StoredCalls(db, database);
	return {
		calls,
		appointments: new StoredAppointments(db),
		get alive() {
			return database.alive;
		},
		onLost: (listener) => database.onLost(listener),
		async close() {
			await calls.settled();
			try {
				await database.end();
			} finally {
				await lock.release();
			}
		},
	};
}
