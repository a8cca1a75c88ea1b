import { type Kysely, sql } from "kysely";
import type { CallEvent } from "../core/event.js";
import { newId } from "../core/id.js";
import type {
	KeptRecording,
	KeptRecordings,
	Recording,
	RecordingName,
} from "./recording.js";
import type { Tables } from "./schema.js";

export class StoredRecordings implements KeptRecordings {
	readonly #db: Kysely<Tables>;

	constructor(db: Kysely<Tables>) {
		this.#db = db;
	}

	async find(
		cloudId: string,
		callId: string,
		attempt: number,
	): Promise<KeptRecording | undefined> {
		const row = await this.#db
			.selectFrom("recordings")
			.select(["attempt", "path", "bytes", "duration", "deleted_at"])
			.where("call_id", "=", callId)
			.where("attempt", "=", attempt)
			.where("cloud_id", "=", cloudId)
			.executeTakeFirst();
		if (!row) return undefined;
		const { duration: duration_s, bytes, deleted_at, ...rest } = row;
		const deletedAt = deleted_at?.getTime() ?? null;
		return { ...rest, bytes: Number(bytes), duration_s, deletedAt };
	}

	async markDeleted(
		cloudId: string,
		callId: string,
		attempt: number | undefined,
		now: number,
	): Promise<number[]> {
		let query = this.#db
			.updateTable("recordings")
			.set({
				deleted_at: sql<Date>`coalesce(deleted_at, ${new Date(now)}::timestamptz)`,
			})
			.where("call_id", "=", callId)
			.where("cloud_id", "=", cloudId)
			.returning("attempt");
		if (attempt !== undefined) query = query.where("attempt", "=", attempt);
		return (await query.execute()).map((row) => row.attempt);
	}

	async states(
		names: readonly RecordingName[],
	): ReturnType<KeptRecordings["states"]> {
		const named = names.map(({ callId, attempt }, place) => ({
			...{ call_id: callId, attempt, place },
		}));
		const { rows } = await sql<{ state: "kept" | "deleted" | "unknown" }>`
			select case
				when deleted_at is not null then 'deleted'
				when recordings.id is not null or calls.status <> 'ended' then 'kept'
				else 'unknown'
			end as state
			from json_to_recordset(${JSON.stringify(named)}::json) as named (call_id uuid, attempt integer, place integer)
			left join recordings using (call_id, attempt)
			left join calls on calls.id = call_id
			order by place`.execute(this.#db);
		return rows.map(({ state }) => state);
	}
}

/** The column `recording` of a call as it is read: its last attempt's that has one. `calls` is what the table is called there. */
export const lastRecording = (calls: "calls" | "claimed") =>
	sql<KeptRecording | null>`(
		select json_build_object('attempt', kept.attempt, 'path', path, 'bytes', bytes, 'duration_s', duration,
			'deletedAt', (extract(epoch from deleted_at) * 1000)::bigint)
		from recordings as kept where kept.call_id = ${sql.ref(`${calls}.id`)}
		order by kept.attempt desc limit 1
	)`.as("recording");

/** A recording as a row, for json_to_recordset. */
export function recordingRow(
	{ attempt, path, bytes, duration_s }: Recording,
	{ call_id, cloud_id, at }: CallEvent,
) {
	return {
		id: newId(),
		...{ cloud_id, call_id, attempt, path, bytes },
		...{ duration: duration_s, created_at: at },
	};
}
