import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Position } from "./new-call.js";
import { beyond } from "./position.js";
import { EXPIRED_AT_ONCE, type Retention } from "./retention.js";
import type { Tables } from "./schema.js";

/** Calls that one statement looks at. */
const CALLS_AT_ONCE = 50;
/** Events that go with the calls of one statement, and as many deliveries; one call's may be more. */
const EVENTS_AT_ONCE = 250;

/** Not fenced: what is past its time is so whoever looks, also an instance that others have taken for dead. */
export class ExpiredRows implements Retention {
	readonly #db: Kysely<Tables>;

	constructor(db: Kysely<Tables>) {
		this.#db = db;
	}

	async deleteCalls(
		before: number,
		after: Position | null,
	): Promise<Position | null> {
		const next = after ? beyond("ended_at", "id", ">", after) : sql`true`;
		// seq has no gap: a call has as many events as its last one says
		const { rows } = await sql<{ ended_at: Date; id: string }>`
			with ended as (
				select id, ended_at from calls
				where status = 'ended' and ended_at < ${new Date(before)} and ${next}
				order by ended_at, id limit ${sql.lit(CALLS_AT_ONCE)}
			),
			counted as (
				select id, ended_at, row_number() over in_turn as place,
					sum((select coalesce(max(seq), 0) from events where call_id = ended.id)) over in_turn as events
				from ended window in_turn as (order by ended_at, id)
			),
			looked_at as (
				select id, ended_at from counted where events <= ${sql.lit(EVENTS_AT_ONCE)} or place = 1
			),
			gone as (
				delete from calls where id in (
					select id from calls
					where id in (select id from looked_at)
						and not exists (
							select from deliveries where call_id = calls.id and status = 'pending'
						)
						and not exists (
							select from callbacks where parent_call_id = calls.id and status in ('pending', 'calling')
						)
					for update skip locked
				)
			)
			select ended_at, id from looked_at order by ended_at desc, id desc limit 1`.execute(
			this.#db,
		);
		const [last] = rows;
		return last ? { at: last.ended_at.getTime(), id: last.id } : null;
	}

	deleteCallbacks(before: number): Promise<number> {
		return this.#deleteSome(
			"callbacks",
			sql`status in ('completed', 'failed', 'canceled') and updated_at < ${new Date(before)}`,
		);
	}

	deleteSecrets(before: number): Promise<number> {
		const replaced = sql`expires_at < ${new Date(before)}`;
		return this.#deleteSome("webhook_secrets", replaced);
	}

	deleteKeys(before: number): Promise<number> {
		const old = sql`created_at < ${new Date(before)}`;
		return this.#deleteSome("idempotency_keys", old);
	}

	deleteSessions(before: number): Promise<number> {
		const over = sql`expires_at < ${new Date(before)}`;
		return this.#deleteSome("sessions", over);
	}

	deleteControls(before: number): Promise<number> {
		const over = sql`expires_at < ${new Date(before)}`;
		return this.#deleteSome("controls", over);
	}

	async markRecordings(before: number, now: number): Promise<number> {
		const { numUpdatedRows } = await this.#db
			.updateTable("recordings")
			.set({ deleted_at: new Date(now) })
			.where("id", "in", (old) =>
				old
					.selectFrom("recordings")
					.select("id")
					.where("deleted_at", "is", null)
					.where("created_at", "<", new Date(before))
					.limit(EXPIRED_AT_ONCE)
					.forUpdate()
					.skipLocked(),
			)
			.executeTakeFirst();
		return Number(numUpdatedRows);
	}

	async #deleteSome(
		table:
			| "callbacks"
			| "webhook_secrets"
			| "idempotency_keys"
			| "sessions"
			| "controls",
		which: RawBuilder<unknown>,
	): Promise<number> {
		const { numAffectedRows } = await sql`
			delete from ${sql.table(table)} where ctid = any (array(
				select ctid from ${sql.table(table)} where ${which}
				limit ${sql.lit(EXPIRED_AT_ONCE)} for update skip locked
			))`.execute(this.#db);
		return Number(numAffectedRows ?? 0);
	}
}
