import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { StoredAccounts } from "./accounts.js";
import { StoredActiveflows } from "./activeflows.js";
import { StoredCallbacks } from "./callbacks.js";
import { StoredCalls } from "./calls.js";
import { StoredControls } from "./controls.js";
import { DataDirLock } from "./data-dir-lock.js";
import type { Database } from "./database.js";
import { StoredDeliveries } from "./deliveries.js";
import { DueSoon } from "./due-soon.js";
import { StoredEntities } from "./entities.js";
import { ExpiredRows } from "./expired-rows.js";
import { StoredKeys } from "./idempotency-keys.js";
import { Instance } from "./instance.js";
import { migrate } from "./migrate.js";
import { migrations } from "./migrations/all.js";
import { PglitePool } from "./pglite-pool.js";
import { PostgresServer } from "./postgres-server.js";
import { StoredQueue } from "./queue.js";
import { StoredRecordings } from "./recordings.js";
import { StoredSchedules } from "./schedules.js";
import type { Tables } from "./schema.js";
import { StoredSessions } from "./sessions.js";
import type { Store } from "./store.js";
import { ToldEvents } from "./told-events.js";
import { StoredWebhooks } from "./webhooks.js";

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
		if (databaseUrl) {
			const server = new PostgresServer(databaseUrl, { clock, log });
			database = server;
			await server.reach();
		} else database = await PglitePool.open(join(dataDir, "database"), log);
		const db = new Kysely<Tables>({
			dialect: new PostgresDialect({ pool: database }),
		});
		await migrate(db, migrations);
		const instance = await Instance.begin({ db, database, clock, log });
		return await assemble(db, database, { instance, lock, clock, log });
	} catch (error) {
		await database?.end();
		await lock.release();
		throw error;
	}
}

async function assemble(
	db: Kysely<Tables>,
	database: Database,
	{
		instance,
		lock,
		clock,
		log,
	}: { instance: Instance; lock: DataDirLock; clock: Clock; log: Log },
): Promise<Store> {
	const parts = { database, clock };
	const calls = new StoredCalls(db, instance.number, parts);
	const deliveries = new StoredDeliveries(db, instance.number, parts);
	const firing = { db, database, owner: instance.number, clock };
	const told = { database, clock, log };
	const callbacksSoon = new DueSoon("flowdial_callbacks", told);
	const schedulesSoon = new DueSoon("flowdial_schedules", told);
	const callsSoon = new DueSoon("flowdial_calls", told);
	const stops = new DueSoon("flowdial_stops", told);
	const limits = new DueSoon("flowdial_limits", told);
	for (const soon of [callbacksSoon, schedulesSoon, callsSoon, stops, limits])
		await soon.listen();
	const controls = new StoredControls(db, instance.number, told);
	await controls.listen();
	const feed = new ToldEvents({ ...firing, log });
	await feed.begin();
	return {
		...{ calls, controls },
		activeflows: new StoredActiveflows(db),
		queue: new StoredQueue({ ...firing, dueSoon: callsSoon, stops }),
		deliveries,
		webhooks: new StoredWebhooks(db, clock),
		accounts: new StoredAccounts({ ...firing, limits }),
		sessions: new StoredSessions(db),
		feed,
		idempotencyKeys: new StoredKeys(db, instance.number),
		callbacks: new StoredCallbacks({ ...firing, dueSoon: callbacksSoon }),
		schedules: new StoredSchedules({ ...firing, dueSoon: schedulesSoon }),
		entities: new StoredEntities(db),
		recordings: new StoredRecordings(db, instance.number, clock),
		retention: new ExpiredRows(db),
		get alive() {
			return database.alive;
		},
		onLost: (listener) => database.onLost(listener),
		onGivenBack: (listener) => instance.onGivenBack(listener),
		held: () => instance.held(),
		onFenced: (listener) => instance.onFenced(listener),
		async close() {
			await calls.settled();
			await deliveries.settled();
			try {
				// else others find it dead
				if (database.alive)
					await instance
						.end()
						.catch((error) =>
							log.warn({ err: message(error) }, "lease not given back"),
						);
				await database.end();
			} finally {
				await lock.release();
			}
		},
	};
}
