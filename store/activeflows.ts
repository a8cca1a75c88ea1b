import { type Kysely, type RawBuilder, sql } from "kysely";
import { NIL } from "uuid";
import {
	type ActiveflowRecord,
	type Activeflows,
	activeflowId,
} from "./activeflow.js";
import type { CallStatus, PositionPage } from "./call-list.js";
import { storableJson } from "./json.js";
import { beyond } from "./position.js";
import type { Tables } from "./schema.js";

/** Rows that one statement changes. */
const FILLED_AT_ONCE = 2_000;

const pageColumns = sql.raw(
	"id, cloud_id, flow_hash, status, attempt, created_at, flow, walked_flow, walked_flow_hash, walked_since",
);

interface Row {
	id: string;
	cloud_id: string;
	flow_hash: string;
	status: CallStatus;
	attempt: number;
	created_at: Date;
	updated_at: Date | null;
	step_id: string | null;
	step_type: string | null;
	source: unknown;
}

export class StoredActiveflows implements Activeflows {
	readonly #db: Kysely<Tables>;

	constructor(db: Kysely<Tables>) {
		this.#db = db;
	}

	async list(
		cloudId: string,
		{ after, limit }: PositionPage,
	): Promise<ActiveflowRecord[]> {
		const next = after ? beyond("created_at", "id", "<", after) : sql`true`;
		return this.#select(
			sql`cloud_id = ${cloudId} and ${next} order by created_at desc, id desc limit ${limit}`,
			sql`order by created_at desc, page.id desc`,
		);
	}

	async find(
		cloudId: string,
		id: string,
	): Promise<ActiveflowRecord | undefined> {
		const look = () =>
			this.#select(sql`cloud_id = ${cloudId} and activeflow_id = ${id}`);
		const [found] = await look();
		if (found) return found;
		// an instance of an older version, which knows of none, may have made it during an upgrade
		return (await fillActiveflowIds(this.#db)) > 0
			? (await look())[0]
			: undefined;
	}

	/**
	 * Of each call its newest event, its newest step, and of the flow, which can be large, only that one. Until a step of the flow
	 * that it was redirected to has begun, it is at none: one of the flow before may have the same id.
	 */
	async #select(
		which: RawBuilder<unknown>,
		order: RawBuilder<unknown> = sql``,
	): Promise<ActiveflowRecord[]> {
		const { rows } = await sql<Row>`
			select page.id, cloud_id, walked.flow_hash, status, attempt, created_at, (
				select at from events where call_id = page.id order by seq desc limit 1
			) as updated_at, started.step_id, started.step_type, (
				select step from json_array_elements(walked.flow) as step where step ->> 'id' = started.step_id limit 1
			) as source
			from (select ${pageColumns} from calls where ${which}) as page
			left join lateral (
				select data ->> 'step_id' as step_id, data ->> 'step_type' as step_type from events
				where call_id = page.id and type = 'step.started' and seq > coalesce(walked_since, 0)
				order by seq desc limit 1
			) as started on true
			cross join lateral (
				select coalesce(walked_flow, page.flow) as flow, coalesce(walked_flow_hash, page.flow_hash) as flow_hash
			) as walked
			${order}`.execute(this.#db);
		return rows.map(activeflowRecord);
	}
}

/** Gives calls that have none the ids of their activeflows; returns how many. */
export async function fillActiveflowIds(db: Kysely<Tables>): Promise<number> {
	let filled = 0;
	// on from the last one: what is filled stays in the index for a while, and would be stepped over again and again
	for (let last: string = NIL; ; ) {
		const { rows } = await sql<{ id: string }>`
			select id from calls where activeflow_id is null and id > ${last}
			order by id limit ${sql.lit(FILLED_AT_ONCE)}`.execute(db);
		const end = rows.at(-1);
		if (!end) return filled;
		last = end.id;
		const given = rows.map(({ id }) => ({ id, given: activeflowId(id) }));
		await sql`
			update calls set activeflow_id = row.given
			from json_to_recordset(${storableJson(given)}::json) as row (id uuid, given uuid)
			where calls.id = row.id`.execute(db);
		filled += rows.length;
	}
}

function activeflowRecord(row: Row): ActiveflowRecord {
	const { id, step_id, step_type, source, created_at, updated_at } = row;
	return {
		id: activeflowId(id),
		callId: id,
		cloudId: row.cloud_id,
		flowHash: row.flow_hash,
		status: row.status,
		attempt: row.attempt,
		createdAt: created_at.getTime(),
		updatedAt: (updated_at ?? created_at).getTime(),
		step:
			step_id === null ? null : { id: step_id, type: step_type ?? "", source },
	};
}
