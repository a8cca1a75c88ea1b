import { type Kysely, type RawBuilder, type Selectable, sql } from "kysely";
import type { Clock } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import { newId } from "../core/id.js";
import { isOwn } from "./is-own.js";
import type {
	KeptRecording,
	KeptRecordings,
	Recording,
	RecordingName,
} from "./recording.js";
import type { Tables } from "./schema.js";

/** How long another secret may go unnoticed: docs/recordings.md. */
const SECRET_MS = 5_000;

export class StoredRecordings implements KeptRecordings {
	readonly #db: Kysely<Tables>;
	readonly #owner: number;

	readonly #clock: Clock;
	#secret: { row: Promise<{ secret: string }>; until: number } | undefined;

	constructor(db: Kysely<Tables>, owner: number, clock: Clock) {
		this.#db = db;
		this.#owner = owner;
		this.#clock = clock;
	}

	async find(
		cloudId: string,
		callId: string,
		attempt: number,
	): Promise<KeptRecording | undefined> {
		const row = await this.#named({ callId, attempt })
			.where("cloud_id", "=", cloudId)
			.executeTakeFirst();
		return row && keptRecording(row);
	}

	async attempts(cloudId: string, callId: string): Promise<number[]> {
		const rows = await this.#db
			.selectFrom("recordings")
			.select("attempt")
			.where("call_id", "=", callId)
			.where("cloud_id", "=", cloudId)
			.where("deleted_at", "is", null)
			.orderBy("attempt")
			.execute();
		return rows.map(({ attempt }) => attempt);
	}

	async named(name: RecordingName): Promise<KeptRecording | undefined> {
		const row = await this.#named(name).executeTakeFirst();
		return row && keptRecording(row);
	}

	#named({ callId, attempt }: RecordingName) {
		return this.#db
			.selectFrom("recordings")
			.select([
				...(["attempt", "path", "bytes", "duration"] as const),
				...(["created_at", "deleted_at"] as const),
			])
			.where("call_id", "=", callId)
			.where("attempt", "=", attempt);
	}

	/** Whoever sends well-formed parameters has it looked up: not each time. */
	async linkSecret(): Promise<string> {
		const now = this.#clock.monotonic();
		if (!this.#secret || now >= this.#secret.until) {
			const row = this.#db
				.selectFrom("service_secrets")
				.select("secret")
				.where("name", "=", "recording_links")
				.executeTakeFirstOrThrow();
			const kept = { row, until: now + SECRET_MS };
			this.#secret = kept;
			row.catch(() => {
				if (this.#secret === kept) this.#secret = undefined;
			});
		}
		return (await this.#secret.row).secret;
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

	async beginUpload({ callId, attempt }: RecordingName): Promise<boolean> {
		const { rows } = await sql`
			with me as (
				select number from instances where number = ${this.#owner} for key share
			)
			insert into stored_recordings (call_id, attempt, owner)
			select call_id, attempt, number from me, recordings
			where call_id = ${callId} and attempt = ${attempt} and deleted_at is null
			on conflict (call_id, attempt) do update set owner = excluded.owner
			returning owner`.execute(this.#db);
		return rows.length > 0;
	}

	endUpload(name: RecordingName): Promise<boolean> {
		return this.#settle(
			name,
			sql`exists (
				select from recordings as kept
				where kept.call_id = stored_recordings.call_id and kept.attempt = stored_recordings.attempt and deleted_at is null
			)`,
		);
	}

	async leaveUpload(name: RecordingName): Promise<void> {
		await this.#settle(name, sql`true`);
	}

	/** Makes it nobody's, if it is ours. */
	async #settle(
		{ callId, attempt }: RecordingName,
		where: RawBuilder<unknown>,
	): Promise<boolean> {
		const { numAffectedRows } = await sql`
			update stored_recordings set owner = null
			where call_id = ${callId} and attempt = ${attempt} and ${isOwn("owner", this.#owner)} and ${where}`.execute(
			this.#db,
		);
		return Number(numAffectedRows ?? 0) > 0;
	}

	async stored(
		after: RecordingName | null,
		limit: number,
	): Promise<RecordingName[]> {
		const next = after
			? sql`(call_id, attempt) > (${after.callId}::uuid, ${after.attempt}::integer)`
			: sql`true`;
		const { rows } = await sql<{ call_id: string; attempt: number }>`
			select call_id, attempt from stored_recordings where owner is null and ${next}
			order by call_id, attempt limit ${limit}`.execute(this.#db);
		return rows.map(({ call_id: callId, attempt }) => ({ callId, attempt }));
	}

	async forgetStored({ callId, attempt }: RecordingName): Promise<void> {
		await sql`
			delete from stored_recordings
			where call_id = ${callId} and attempt = ${attempt} and owner is null`.execute(
			this.#db,
		);
	}
}

function keptRecording({
	duration: duration_s,
	bytes,
	created_at,
	deleted_at,
	...rest
}: Pick<
	Selectable<Tables["recordings"]>,
	"attempt" | "path" | "bytes" | "duration" | "created_at" | "deleted_at"
>): KeptRecording {
	const createdAt = created_at.getTime();
	const deletedAt = deleted_at?.getTime() ?? null;
	return { ...rest, bytes: Number(bytes), duration_s, createdAt, deletedAt };
}

/** The column `recording` of a call as it is read: its last attempt's that has one. `calls` is what the table is called there. */
export const lastRecording = (calls: "calls" | "claimed") =>
	sql<KeptRecording | null>`(
		select json_build_object('attempt', kept.attempt, 'path', path, 'bytes', bytes, 'duration_s', duration,
			'createdAt', (extract(epoch from created_at) * 1000)::bigint, 'deletedAt', (extract(epoch from deleted_at) * 1000)::bigint)
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
