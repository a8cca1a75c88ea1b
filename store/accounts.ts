import { type Kysely, type RawBuilder, type Selectable, sql } from "kysely";
import { instant } from "../core/clock.js";
import type { Limits } from "../core/limits.js";
import type {
	AccountRecord,
	Accounts,
	ListPage,
	NewAccount,
	NewToken,
	TokenRecord,
	TokenSecrets,
} from "./account.js";
import type { DueSoon } from "./due-soon.js";
import { storableJson } from "./json.js";
import type { Tables } from "./schema.js";

type AccountRow = Selectable<Tables["accounts"]>;
type TokenRow = Selectable<Tables["tokens"]>;

export class StoredAccounts implements Accounts {
	readonly #db: Kysely<Tables>;
	readonly #owner: number;
	readonly #limits: DueSoon;

	constructor({
		db,
		owner,
		limits,
	}: {
		db: Kysely<Tables>;
		owner: number;
		/** How other instances are told. */
		limits: DueSoon;
	}) {
		this.#db = db;
		this.#owner = owner;
		this.#limits = limits;
	}

	onLimits(listener: () => void): void {
		this.#limits.onDueSoon(listener);
	}

	async create(account: NewAccount, token: NewToken) {
		const { rows } = await sql<{ account: number; token: number }>`
			with account as (
				insert into accounts (cloud_id, cloud_sid, name, limits, created_at)
				values (${account.cloudId}, ${account.cloudSid}, ${account.name}, ${storableJson(account.limits)}, ${instant(account.createdAt)})
				on conflict do nothing
				returning cloud_id, number
			), token as (
				insert into tokens (id, cloud_id, name, hash, scopes, created_at, expires_at)
				select ${token.id}::uuid, cloud_id, ${token.name}, ${token.hash}, ${JSON.stringify(token.scopes)}::json,
					${instant(token.createdAt)}::timestamptz, ${writtenAt(token.expiresAt)}::timestamptz
				from account
				returning number
			)
			select account.number as account, token.number as token from account, token`.execute(
			this.#db,
		);
		const [made] = rows;
		if (!made) return undefined;
		this.#limits.announce(0);
		const { hash: _, ...shown } = token;
		return {
			account: { ...account, number: made.account },
			token: {
				...shown,
				number: made.token,
				revokedAt: null,
				lastUsedAt: null,
			},
		};
	}

	async limited() {
		const { rows } = await sql<{
			cloud_id: string | null;
			limits: Limits | null;
			instances: number;
			before: number;
		}>`
			select cloud_id, limits, (select count(*)::integer from instances) as instances,
				(select count(*)::integer from instances where number < ${this.#owner}) as before
			from (select 1) one left join accounts on limits::jsonb ?| array['live_calls', 'calls_per_second']`.execute(
			this.#db,
		);
		return {
			instances: rows[0]?.instances ?? 1,
			before: rows[0]?.before ?? 0,
			accounts: rows.flatMap(({ cloud_id, limits }) =>
				cloud_id === null
					? []
					: [
							{
								cloudId: cloud_id,
								liveCalls: limits?.live_calls,
								callsPerSecond: limits?.calls_per_second,
							},
						],
			),
		};
	}

	async ensure(account: NewAccount): Promise<void> {
		await this.#db
			.insertInto("accounts")
			.values({
				cloud_id: account.cloudId,
				cloud_sid: account.cloudSid,
				name: account.name,
				limits: storableJson(account.limits),
				created_at: instant(account.createdAt),
			})
			.onConflict((conflict) =>
				conflict
					.column("cloud_id")
					.doUpdateSet({ cloud_sid: account.cloudSid }),
			)
			.execute();
	}

	async find(cloudId: string): Promise<AccountRecord | undefined> {
		const row = await this.#db
			.selectFrom("accounts")
			.selectAll()
			.where("cloud_id", "=", cloudId)
			.executeTakeFirst();
		return row && accountRecord(row);
	}

	async list({ after, limit }: ListPage): Promise<AccountRecord[]> {
		const rows = await this.#db
			.selectFrom("accounts")
			.selectAll()
			.where("number", ">", after)
			.orderBy("number")
			.limit(limit)
			.execute();
		return rows.map(accountRecord);
	}

	async change(
		cloudId: string,
		{ name, limits }: Parameters<Accounts["change"]>[1],
	): Promise<AccountRecord | undefined> {
		const changed = storableJson(limits ?? {});
		const row = await this.#db
			.updateTable("accounts")
			.set({
				limits: sql`jsonb_strip_nulls(limits || ${changed}::jsonb)`,
				...(name !== undefined && { name }),
			})
			.where("cloud_id", "=", cloudId)
			.returningAll()
			.executeTakeFirst();
		if (row) this.#limits.announce(0);
		return row && accountRecord(row);
	}

	async tokens(
		cloudId: string,
		{ after, limit }: ListPage,
	): Promise<TokenRecord[]> {
		const rows = await this.#db
			.selectFrom("tokens")
			.selectAll()
			.where("cloud_id", "=", cloudId)
			.where("number", ">", after)
			.orderBy("number")
			.limit(limit)
			.execute();
		return rows.map(tokenRecord);
	}

	async addToken(token: NewToken): Promise<TokenRecord> {
		const row = await this.#db
			.insertInto("tokens")
			.values({
				id: token.id,
				cloud_id: token.cloudId,
				name: token.name,
				hash: token.hash,
				scopes: JSON.stringify(token.scopes),
				created_at: instant(token.createdAt),
				expires_at: writtenAt(token.expiresAt),
			})
			.returningAll()
			.executeTakeFirstOrThrow();
		return tokenRecord(row);
	}

	rotateToken(
		cloudId: string,
		id: string,
		rotation: { hash: string; now: number; previousUntil: number },
	): Promise<TokenRecord | undefined> {
		const { hash, now, previousUntil } = rotation;
		return this.#changeToken(
			sql`previous_hash = hash, hash = ${hash}, previous_until = ${instant(previousUntil)}`,
			sql`cloud_id = ${cloudId} and id = ${id} and revoked_at is null
				and (expires_at is null or expires_at > ${instant(now)})`,
		);
	}

	revokeToken(
		cloudId: string,
		id: string,
		now: number,
	): Promise<TokenRecord | undefined> {
		return this.#changeToken(
			sql`revoked_at = coalesce(revoked_at, ${instant(now)})`,
			sql`cloud_id = ${cloudId} and id = ${id}`,
		);
	}

	async #changeToken(
		change: RawBuilder<unknown>,
		which: RawBuilder<unknown>,
	): Promise<TokenRecord | undefined> {
		const { rows } = await sql<TokenRow>`
			update tokens set ${change} where ${which} returning *`.execute(this.#db);
		return rows[0] && tokenRecord(rows[0]);
	}

	async tokenSecrets(id: string): Promise<TokenSecrets | undefined> {
		const row = await this.#db
			.selectFrom("tokens")
			.selectAll()
			.where("id", "=", id)
			.executeTakeFirst();
		if (!row) return undefined;
		const { hash, previous_hash, previous_until } = row;
		const previous =
			previous_hash === null || previous_until === null
				? null
				: { hash: previous_hash, until: previous_until.getTime() };
		return { ...tokenRecord(row), hash, previous };
	}

	async tokenUsed(id: string, at: number): Promise<void> {
		await sql`
			update tokens set last_used_at = ${instant(at)}
			where id = ${id} and (last_used_at is null or last_used_at < ${instant(at)})`.execute(
			this.#db,
		);
	}
}

const writtenAt = (epochMs: number | null) =>
	epochMs === null ? null : instant(epochMs);

const readAt = (at: Date | null) => at?.getTime() ?? null;

function accountRecord(row: AccountRow): AccountRecord {
	return {
		number: row.number,
		cloudId: row.cloud_id,
		cloudSid: row.cloud_sid,
		name: row.name,
		limits: row.limits,
		createdAt: row.created_at.getTime(),
	};
}

function tokenRecord(row: TokenRow): TokenRecord {
	return {
		number: row.number,
		id: row.id,
		cloudId: row.cloud_id,
		name: row.name,
		scopes: row.scopes,
		createdAt: row.created_at.getTime(),
		expiresAt: readAt(row.expires_at),
		revokedAt: readAt(row.revoked_at),
		lastUsedAt: readAt(row.last_used_at),
	};
}
