import { type Kysely, sql } from "kysely";
import type { Tables } from "./schema.js";

export interface Migration {
	/** From 1, without a gap. */
	number: number;
	name: string;
	statements: readonly Statement[];
	/**
	 * What takes long, is not needed for the code to run, and does no harm if it never comes to its end: done once all is
	 * migrated, so that it locks no table for others.
	 */
	afterwards?(db: Kysely<Tables>): Promise<unknown>;
}

interface Statement {
	execute(transaction: Kysely<Tables>): Promise<unknown>;
}

/** Any constant: the advisory lock that keeps two instances from migrating one PostgreSQL at a time. */
const MIGRATION_LOCK = 8_360_471;

/**
 * Brings the database to the newest of `migrations`, all that is missing or nothing; refuses one that newer code has
 * already been at. Table `migrations` holds what was applied and when.
 */
export async function migrate(
	db: Kysely<Tables>,
	migrations: readonly Migration[],
): Promise<void> {
	const applied = await db.transaction().execute(async (transaction) => {
		await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(
			transaction,
		);
		await sql`create table if not exists migrations (
			number integer primary key,
			name text not null,
			applied_at timestamptz not null default now()
		)`.execute(transaction);
		const newest = await transaction
			.selectFrom("migrations")
			.select(["number", "name"])
			.orderBy("number", "desc")
			.limit(1)
			.executeTakeFirst();
		const reached = newest?.number ?? 0;
		if (reached > migrations.length)
			throw new Error(
				`The database is newer than this program: it is at migration ${reached} (${newest?.name}), the program knows ${migrations.length}. Run the newer program or restore a backup.`,
			);
		const missing = migrations.slice(reached);
		for (const { number, name, statements } of missing) {
			for (const statement of statements) await statement.execute(transaction);
			await transaction
				.insertInto("migrations")
				.values({ number, name })
				.execute();
		}
		return missing;
	});
	for (const { afterwards } of applied) await afterwards?.(db);
}
