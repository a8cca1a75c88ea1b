import type { Kysely, Transaction } from "kysely";
import type { FiredCall } from "./callback.js";
import type { Database } from "./database.js";
import type { Tables } from "./schema.js";
import { type Write, writeAll } from "./write-calls.js";

export interface FireOptions {
	db: Kysely<Tables>;
	database: Pick<Database, "isInterruption">;
	/** The number of this instance. */
	owner: number;
}

/**
 * Runs a transaction that makes calls of what is due; where its end is not known, because the connection was lost, the
 * database is asked which of them it has kept.
 */
export async function fire(
	{ db, database, owner }: FireOptions,
	take: (
		transaction: Transaction<Tables>,
	) => Promise<{ due: number; calls: readonly FiredCall[] }>,
): Promise<{ due: number; callIds: ReadonlySet<string> }> {
	let due = 0;
	let ids: string[] = [];
	try {
		await db.transaction().execute(async (transaction) => {
			const taken = await take(transaction);
			due = taken.due;
			ids = taken.calls.map(({ record }) => record.id);
			if (ids.length > 0)
				await writeAll(transaction, owner, taken.calls.map(firedWrite));
		});
	} catch (error) {
		if (ids.length === 0 || !database.isInterruption(error)) throw error;
		const kept = await db
			.selectFrom("calls")
			.select("id")
			.where("id", "in", ids)
			.execute();
		ids = kept.map(({ id }) => id);
	}
	return { due, callIds: new Set(ids) };
}

const firedWrite = ({ record, queued, owned }: FiredCall): Write => ({
	callId: record.id,
	insert: { ...record, owned },
	events: [queued],
	patch: {},
	publish: record.publish,
});
