import { type Kysely, type RawBuilder, type Selectable, sql } from "kysely";
import { instant } from "../core/clock.js";
import type { Entities, Entity } from "../core/entity.js";
import type { EntityRecord, EntityStore } from "./entity.js";
import { storableJson } from "./json.js";
import { isOneOf } from "./one-of.js";
import type { Tables } from "./schema.js";

type Row = Selectable<Tables["entities"]>;

export class StoredEntities implements EntityStore {
	readonly #db: Kysely<Tables>;

	constructor(db: Kysely<Tables>) {
		this.#db = db;
	}

	async all(cloudId: string): Promise<Entities> {
		return (await entitiesOf(this.#db, [cloudId]))(cloudId);
	}

	async list(
		cloudId: string,
		{ after, limit }: { after: string | null; limit: number },
	): Promise<EntityRecord[]> {
		let query = this.#db
			.selectFrom("entities")
			.selectAll()
			.where("cloud_id", "=", cloudId)
			.orderBy("id")
			.limit(limit);
		if (after !== null) query = query.where("id", ">", after);
		return (await query.execute()).map(entityRecord);
	}

	async find(cloudId: string, id: string): Promise<EntityRecord | undefined> {
		const row = await this.#db
			.selectFrom("entities")
			.selectAll()
			.where("cloud_id", "=", cloudId)
			.where("id", "=", id)
			.executeTakeFirst();
		return row && entityRecord(row);
	}

	async put(
		cloudId: string,
		id: string,
		entity: Entity,
		{ now, most }: { now: number; most: number },
	): Promise<{ entity: EntityRecord; isNew: boolean } | undefined> {
		const hasRoom = sql`
			where exists (select from entities where cloud_id = ${cloudId} and id = ${id})
				or (select count(*) from entities where cloud_id = ${cloudId}) < ${most}`;
		const [row] = await this.#put(cloudId, [[id, entity]], now, hasRoom);
		return row && { entity: entityRecord(row), isNew: row.is_new };
	}

	async putAll(
		cloudId: string,
		entities: Entities,
		now: number,
	): Promise<void> {
		await this.#put(cloudId, [...entities], now, sql``);
	}

	async remove(cloudId: string, id: string): Promise<boolean> {
		const { numDeletedRows } = await this.#db
			.deleteFrom("entities")
			.where("cloud_id", "=", cloudId)
			.where("id", "=", id)
			.executeTakeFirst();
		return numDeletedRows > 0;
	}

	async #put(
		cloudId: string,
		entities: readonly (readonly [id: string, entity: Entity])[],
		now: number,
		condition: RawBuilder<unknown>,
	): Promise<(Row & { is_new: boolean })[]> {
		const given = entities.map(([id, entity]) => ({ id, ...entity }));
		// xmax, the row's deleter or locker, is 0 in one that was just made
		const { rows } = await sql<Row & { is_new: boolean }>`
			insert into entities (cloud_id, id, kind, name, targets, strategy, created_at, updated_at)
			select ${cloudId}, id, kind, name, targets, strategy, ${instant(now)}::timestamptz, ${instant(now)}::timestamptz
			from json_to_recordset(${storableJson(given)}::json) as given (
				id text, kind text, name text, targets jsonb, strategy text
			)
			${condition}
			on conflict (cloud_id, id) do update set kind = excluded.kind, name = excluded.name,
				targets = excluded.targets, strategy = excluded.strategy, updated_at = excluded.updated_at
			returning *, xmax = 0 as is_new`.execute(this.#db);
		return rows;
	}
}

/** What each of these accounts has, of `ids` if they are given; `db` may be a transaction. */
export async function entitiesOf(
	db: Kysely<Tables>,
	cloudIds: readonly string[],
	ids?: readonly string[],
): Promise<(cloudId: string) => Entities> {
	const byAccount = new Map(
		cloudIds.map((cloudId) => [cloudId, new Map<string, Entity>()]),
	);
	if (cloudIds.length === 0) return () => new Map();
	let query = db
		.selectFrom("entities")
		.select(["cloud_id", "id", "kind", "name", "targets", "strategy"])
		.where(isOneOf("cloud_id", [...byAccount.keys()]));
	if (ids) query = query.where(isOneOf("id", [...new Set(ids)]));
	const rows = await query.execute();
	for (const { cloud_id, id, ...entity } of rows)
		byAccount.get(cloud_id)?.set(id, entity);
	return (cloudId) => byAccount.get(cloudId) ?? new Map();
}

function entityRecord(row: Row): EntityRecord {
	const { id, kind, name, targets, strategy } = row;
	return {
		...{ id, kind, name, targets, strategy },
		createdAt: row.created_at.getTime(),
		updatedAt: row.updated_at.getTime(),
	};
}
