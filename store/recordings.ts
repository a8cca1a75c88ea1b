import { type Kysely, sql } from "kysely";
import type { CallEvent } from "../core/event.js";
import { newId } from "../core/id.js";
import type { KeptRecordings, Recording } from "./recording.js";
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
	): Promise<Recording | undefined> {
		const row = await this.#db
			.selectFrom("recordings")
			.select(["attempt", "path", "bytes", "duration"])
			.where("call_id", "=", callId)
			.where("attempt", "=", attempt)
			.where("cloud_id", "=", cloudId)
			.where("deleted_at", "is", null)
			.executeTakeFirst();
		if (!row) return undefined;
		const { duration: duration_s, bytes, ...rest } = row;
		return { ...rest, bytes: Number(bytes), duration_s };
	}
}

/** The column `recording` of a call as it is read: its last attempt's that has one. `calls` is what the table is called there. */
export const lastRecording = (calls: "calls" | "claimed") =>
	sql<Recording | null>`(
		select json_build_object('attempt', kept.attempt, 'path', path, 'bytes', bytes, 'duration_s', duration)
		from recordings as kept where kept.call_id = ${sql.ref(`${calls}.id`)} and deleted_at is null
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
