import { type Kysely, sql } from "kysely";
import { instant } from "../core/clock.js";
import { Fault } from "../core/fault.js";
import {
	type AnswerTo,
	type Claim,
	type IdempotencyKeys,
	KEY_KEPT_MS,
	type KeyAnswer,
} from "./idempotency.js";
import { isOwn } from "./is-own.js";
import { storableJson } from "./json.js";
import type { Tables } from "./schema.js";

/** A key that is just being given back is looked for again. */
const MOST_LOOKS = 5;

export class StoredKeys implements IdempotencyKeys {
	readonly #db: Kysely<Tables>;
	readonly #owner: number;

	constructor(db: Kysely<Tables>, owner: number) {
		this.#db = db;
		this.#owner = owner;
	}

	async claim(
		cloudId: string,
		key: string,
		request: { bodyHash: string; now: number },
	): Promise<Claim> {
		for (let look = 0; look < MOST_LOOKS; look++) {
			if (await this.#insert(cloudId, key, request)) return { kind: "claimed" };
			const found = await this.#db
				.selectFrom("idempotency_keys")
				.select(["body_hash", "answer"])
				.where("cloud_id", "=", cloudId)
				.where("key", "=", key)
				.executeTakeFirst();
			if (!found) continue;
			if (found.body_hash !== request.bodyHash) return { kind: "other_body" };
			if (!found.answer) return { kind: "in_flight" };
			return { kind: "answered", answer: found.answer };
		}
		return { kind: "in_flight" };
	}

	/** A key past its time is anybody's. */
	async #insert(
		cloudId: string,
		key: string,
		{ bodyHash, now }: { bodyHash: string; now: number },
	): Promise<boolean> {
		const { rows } = await sql<{ owned: number; claimed: number }>`
			with me as (
				select number from instances where number = ${this.#owner} for key share
			), claimed as (
				insert into idempotency_keys as kept (cloud_id, key, body_hash, owner, created_at)
				select ${cloudId}, ${key}, ${bodyHash}, number, ${instant(now)}::timestamptz from me
				on conflict (cloud_id, key) do update set
					body_hash = excluded.body_hash, owner = excluded.owner, created_at = excluded.created_at,
					call_id = null, answer = null
				where kept.created_at <= ${instant(now - KEY_KEPT_MS)}
				returning 1
			)
			select (select count(*)::integer from me) as owned, (select count(*)::integer from claimed) as claimed`.execute(
			this.#db,
		);
		if (rows[0]?.owned !== 1) throw new Fault("LEASE_LOST");
		return rows[0].claimed === 1;
	}

	async giveBack(cloudId: string, key: string, now: number): Promise<void> {
		await this.#db
			.deleteFrom("idempotency_keys")
			.where("cloud_id", "=", cloudId)
			.where("key", "=", key)
			.where("owner", "=", this.#owner)
			.where("created_at", "=", new Date(now))
			.where("answer", "is", null)
			.execute();
	}
}

/** A row for `keysAnswered`. */
export function keyRow(
	cloudId: string,
	{ key, answer }: KeyAnswer,
	callId: string | null = null,
) {
	return { cloud_id: cloudId, key, call_id: callId, answer };
}

/** The part of a statement that keeps what those are told who repeat their requests; `me` is this instance's row. */
export const keysAnswered = (rows: readonly ReturnType<typeof keyRow>[]) =>
	sql`keys as (
			update idempotency_keys as kept set call_id = row.call_id, answer = row.answer, owner = null
			from me, json_to_recordset(${storableJson(rows)}::json) as row (
				cloud_id text, key text, call_id uuid, answer json
			)
			where kept.cloud_id = row.cloud_id and kept.key = row.key and ${isOwn("kept.owner", sql.ref("me.number"))}
		)`;

/** Keeps what `insert` makes and the answer that tells of it, both or neither. Throws LEASE_LOST once this instance was taken for dead. */
export function insertAnswered<Made>(
	{ db, owner }: { db: Kysely<Tables>; owner: number },
	cloudId: string,
	insert: (db: Kysely<Tables>) => Promise<Made>,
	answerTo?: AnswerTo<Made>,
): Promise<Made> {
	if (!answerTo) return insert(db);
	return db.transaction().execute(async (transaction) => {
		const made = await insert(transaction);
		const answer = answerTo(made);
		if (!answer) return made;
		const { rows } = await sql`
			with me as (
				select number from instances where number = ${owner} for key share
			), ${keysAnswered([keyRow(cloudId, answer)])}
			select number from me`.execute(transaction);
		if (rows.length === 0) throw new Fault("LEASE_LOST");
		return made;
	});
}
