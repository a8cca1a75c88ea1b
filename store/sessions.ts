import { type Kysely, sql } from "kysely";
import { instant } from "../core/clock.js";
import type { Tables } from "./schema.js";
import { MOST_SESSIONS, type SessionRecord, type Sessions } from "./session.js";

export class StoredSessions implements Sessions {
	readonly #db: Kysely<Tables>;

	constructor(db: Kysely<Tables>) {
		this.#db = db;
	}

	async add(session: SessionRecord): Promise<void> {
		const { hash, tokenId, tokenHash, createdAt, expiresAt } = session;
		await sql`
			with oldest as (
				delete from sessions where hash in (
					select hash from sessions where token_hash = ${tokenHash}
					order by expires_at desc offset ${sql.lit(MOST_SESSIONS - 1)}
				)
			)
			insert into sessions (hash, token_id, token_hash, created_at, expires_at)
			values (${hash}, ${tokenId}, ${tokenHash}, ${instant(createdAt)}, ${instant(expiresAt)})`.execute(
			this.#db,
		);
	}

	async find(hash: string): Promise<SessionRecord | undefined> {
		const row = await this.#db
			.selectFrom("sessions")
			.selectAll()
			.where("hash", "=", hash)
			.executeTakeFirst();
		return (
			row && {
				hash: row.hash,
				tokenId: row.token_id,
				tokenHash: row.token_hash,
				createdAt: row.created_at.getTime(),
				expiresAt: row.expires_at.getTime(),
			}
		);
	}

	async remove(hash: string): Promise<void> {
		await this.#db.deleteFrom("sessions").where("hash", "=", hash).execute();
	}
}
