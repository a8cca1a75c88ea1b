import { randomBytes } from "node:crypto";
import { type Kysely, sql, type Transaction } from "kysely";
import { newId } from "../core/id.js";
import type { Tables } from "./schema.js";
import type { Secret } from "./store.js";

/** Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = 32;

/** Those that sign at `now`, the newest first; the first one is made, once, however many instances want it. */
export async function liveSecrets(
	db: Kysely<Tables>,
	cloudId: string,
	now: number,
): Promise<Secret[]> {
	const found = await select(db, cloudId, now);
	if (found.length > 0) return found;
	return db.transaction().execute(async (transaction) => {
		await oneAtATime(transaction, cloudId);
		const made = await select(transaction, cloudId, now);
		if (made.length === 0) await insert(transaction, cloudId, now);
		return select(transaction, cloudId, now);
	});
}

/** A new secret; the one before it signs until `expiresAt`, and one before that no more: two sign at most. */
export function rotateSecret(
	db: Kysely<Tables>,
	cloudId: string,
	{ now, expiresAt }: { now: number; expiresAt: number },
): Promise<Secret[]> {
	return db.transaction().execute(async (transaction) => {
		await oneAtATime(transaction, cloudId);
		await transaction
			.updateTable("webhook_secrets")
			.set({ expires_at: new Date(now) })
			.where("cloud_id", "=", cloudId)
			.where("expires_at", ">", new Date(now))
			.execute();
		await transaction
			.updateTable("webhook_secrets")
			.set({ expires_at: new Date(expiresAt) })
			.where("cloud_id", "=", cloudId)
			.where("expires_at", "is", null)
			.execute();
		await insert(transaction, cloudId, now);
		return select(transaction, cloudId, now);
	});
}

async function oneAtATime(
	transaction: Transaction<Tables>,
	cloudId: string,
): Promise<void> {
	await sql`select pg_advisory_xact_lock(hashtext(${`secrets ${cloudId}`}))`.execute(
		transaction,
	);
}

async function select(
	db: Kysely<Tables>,
	cloudId: string,
	now: number,
): Promise<Secret[]> {
	const rows = await db
		.selectFrom("webhook_secrets")
		.select(["secret", "created_at", "expires_at"])
		.where("cloud_id", "=", cloudId)
		.where((is) =>
			is.or([
				is("expires_at", "is", null),
				is("expires_at", ">", new Date(now)),
			]),
		)
		.orderBy(
			(by) => by.fn.coalesce("expires_at", sql<Date>`'infinity'`),
			"desc",
		)
		.execute();
	return rows.map(({ secret, created_at, expires_at }) => ({
		secret,
		createdAt: created_at.getTime(),
		expiresAt: expires_at?.getTime() ?? null,
	}));
}

async function insert(
	db: Kysely<Tables>,
	cloudId: string,
	now: number,
): Promise<void> {
	await db
		.insertInto("webhook_secrets")
		.values({
			id: newId(),
			cloud_id: cloudId,
			secret: `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`,
			created_at: new Date(now),
		})
		.execute();
}
