import { type Insertable, type Kysely, sql } from "kysely";
import type { Appointment } from "../core/appointments.js";
import { newId } from "../core/id.js";
import { tzdata } from "../core/timezone.js";
import type {
	CallbackChange,
	CallbackRecord,
	Callbacks,
	NewCallback,
} from "./callback.js";
import { arrange, callbackRecord } from "./callback-rows.js";
import type { DueSoon } from "./due-soon.js";
import { entitiesOf } from "./entities.js";
import { type FireOptions, fire } from "./fire.js";
import type { AnswerTo } from "./idempotency.js";
import { insertAnswered } from "./idempotency-keys.js";
import { storableJson } from "./json.js";
import { type Persistence, persist } from "./persist.js";
import { beyond } from "./position.js";
import type { Tables } from "./schema.js";

/** Written out: a plan for whatever status is asked for could not use the indexes of pending ones. */
const isPending = sql<boolean>`status = 'pending'`;

/** Resolved anew in one statement. */
const RESOLVED_AT_ONCE = 500;

export interface StoredCallbacksOptions extends FireOptions, Persistence {
	dueSoon: DueSoon;
}

export class StoredCallbacks implements Callbacks {
	readonly #options: StoredCallbacksOptions;
	readonly #db: Kysely<Tables>;

	constructor(options: StoredCallbacksOptions) {
		this.#options = options;
		this.#db = options.db;
	}

	/** Events go where those of the call go that arranged it, with its metadata. */
	async make({ callId, stepId, ...appointment }: Appointment): Promise<string> {
		const select = this.#db
			.selectFrom("calls")
			.select(["publish", "metadata"])
			.where("id", "=", callId);
		const call = await persist(this.#options, () =>
			select.executeTakeFirstOrThrow(),
		);
		const row = this.#row({ ...appointment, ...call }, callId, stepId);
		await persist(this.#options, () => arrange(this.#options, row));
		this.#options.dueSoon.announce(appointment.dueAt);
		return row.id;
	}

	async insert(
		callback: NewCallback,
		answerTo?: AnswerTo<CallbackRecord>,
	): Promise<CallbackRecord> {
		const row = this.#row(callback);
		const made = await insertAnswered(
			this.#options,
			callback.cloudId,
			(db) => insert(db, row),
			answerTo,
		);
		this.#options.dueSoon.announce(made.dueAt);
		return made;
	}

	async find(cloudId: string, id: string): Promise<CallbackRecord | undefined> {
		const row = await this.#db
			.selectFrom("callbacks")
			.selectAll()
			.where("cloud_id", "=", cloudId)
			.where("id", "=", id)
			.executeTakeFirst();
		return row && callbackRecord(row);
	}

	async list(
		cloudId: string,
		{ status, entity, dueFrom, dueBefore }: Parameters<Callbacks["list"]>[1],
		{ after, limit }: Parameters<Callbacks["list"]>[2],
	): Promise<CallbackRecord[]> {
		let query = this.#db
			.selectFrom("callbacks")
			.selectAll()
			.where("cloud_id", "=", cloudId)
			.orderBy("due_at")
			.orderBy("id")
			.limit(limit);
		if (status) query = query.where("status", "=", status);
		if (entity) query = query.where("entity", "=", entity);
		if (dueFrom !== undefined)
			query = query.where("due_at", ">=", new Date(dueFrom));
		if (dueBefore !== undefined)
			query = query.where("due_at", "<", new Date(dueBefore));
		if (after) query = query.where(beyond("due_at", "id", ">", after));
		return (await query.execute()).map(callbackRecord);
	}

	async change(
		cloudId: string,
		id: string,
		{ dueAt, retry, ...change }: CallbackChange,
	): Promise<CallbackRecord | undefined> {
		const row = await this.#pending(cloudId, id)
			.set({
				...change,
				...(dueAt !== undefined && { due_at: new Date(dueAt), tzdata }),
				...(retry && { retry: storableJson(retry) }),
			})
			.returningAll()
			.executeTakeFirst();
		if (row && dueAt !== undefined) this.#options.dueSoon.announce(dueAt);
		return row && callbackRecord(row);
	}

	async cancel(
		cloudId: string,
		id: string,
	): Promise<CallbackRecord | undefined> {
		const row = await this.#pending(cloudId, id)
			.set({ status: "canceled" })
			.returningAll()
			.executeTakeFirst();
		return row && callbackRecord(row);
	}

	fire(
		limit: number,
		make: Parameters<Callbacks["fire"]>[1],
	): ReturnType<Callbacks["fire"]> {
		return fire(this.#options, async (transaction) => {
			const now = new Date(this.#options.clock.now());
			const rows = await transaction
				.selectFrom("callbacks")
				.selectAll()
				.where(isPending)
				.where("due_at", "<=", now)
				.orderBy("due_at")
				.limit(limit)
				.forUpdate()
				.skipLocked()
				.execute();
			const accounts = rows.map(({ cloud_id }) => cloud_id);
			const ids = rows.map(({ entity }) => entity);
			const entities = await entitiesOf(transaction, accounts, ids);
			const made = rows.map((row) => ({
				id: row.id,
				result: make(callbackRecord(row), entities(row.cloud_id)),
			}));
			const changes = made.map(({ id, result }) =>
				"failed" in result
					? { id, status: "failed", detail: result.failed }
					: { id, status: "calling", call_id: result.record.id },
			);
			if (changes.length > 0)
				await sql`
					update callbacks set status = change.status, detail = change.detail, fired_call_id = change.call_id, updated_at = ${now}
					from json_to_recordset(${storableJson(changes)}::json) as change (id uuid, status text, detail text, call_id uuid)
					where callbacks.id = change.id`.execute(transaction);
			const calls = made.flatMap(({ result }) =>
				"failed" in result ? [] : [result],
			);
			return { due: rows.length, calls };
		});
	}

	async nextDueAt(): Promise<number | null> {
		const next = await this.#db
			.selectFrom("callbacks")
			.select((row) => row.fn.min("due_at").as("due_at"))
			.where(isPending)
			.executeTakeFirst();
		return next?.due_at?.getTime() ?? null;
	}

	async resolveAgain(
		newest: string,
		resolve: Parameters<Callbacks["resolveAgain"]>[1],
	): Promise<number> {
		for (let resolved = 0; ; ) {
			const changed = await this.#resolveSome(newest, resolve);
			resolved += changed;
			if (changed < RESOLVED_AT_ONCE) return resolved;
		}
	}

	onDueSoon(listener: (dueAt: number) => void): void {
		this.#options.dueSoon.onDueSoon(listener);
	}

	#resolveSome(
		newest: string,
		resolve: Parameters<Callbacks["resolveAgain"]>[1],
	): Promise<number> {
		return this.#db.transaction().execute(async (transaction) => {
			const rows = await transaction
				.selectFrom("callbacks")
				.select(["id", "date", "time", "timezone", "due_at", "resolution"])
				.where(isPending)
				// 2025b comes before 2026a; an older program beside this one leaves ours alone
				.where(sql<boolean>`tzdata collate "C" < ${newest}`)
				.limit(RESOLVED_AT_ONCE)
				.forUpdate()
				.skipLocked()
				.execute();
			const changes = rows.map(({ id, due_at, ...wall }) => {
				const before = { ...wall, dueAt: due_at.getTime() };
				const { dueAt, resolution } = resolve(before) ?? before;
				return { id, due_at: new Date(dueAt), resolution };
			});
			if (changes.length > 0)
				await sql`
					update callbacks set due_at = change.due_at, resolution = change.resolution, tzdata = ${newest}
					from json_to_recordset(${storableJson(changes)}::json) as change (id uuid, due_at timestamptz, resolution text)
					where callbacks.id = change.id`.execute(transaction);
			return rows.length;
		});
	}

	#pending(cloudId: string, id: string) {
		return this.#db
			.updateTable("callbacks")
			.set({ updated_at: new Date(this.#options.clock.now()) })
			.where("cloud_id", "=", cloudId)
			.where("id", "=", id)
			.where(isPending);
	}

	#row(
		callback: NewCallback,
		parentCallId: string | null = null,
		stepId: string | null = null,
	): Insertable<Tables["callbacks"]> {
		const now = new Date(this.#options.clock.now());
		return {
			id: newId(),
			cloud_id: callback.cloudId,
			parent_call_id: parentCallId,
			step_id: stepId,
			entity: callback.entity,
			date: callback.date,
			time: callback.time,
			timezone: callback.timezone,
			due_at: new Date(callback.dueAt),
			resolution: callback.resolution,
			tzdata,
			number: callback.number,
			caller_id: callback.callerId,
			record: callback.record,
			publish: callback.publish && storableJson(callback.publish),
			metadata: callback.metadata && storableJson(callback.metadata),
			retry: storableJson(callback.retry),
			created_at: now,
			updated_at: now,
		};
	}
}

async function insert(
	db: Kysely<Tables>,
	row: Insertable<Tables["callbacks"]>,
): Promise<CallbackRecord> {
	const kept = await db
		.insertInto("callbacks")
		.values(row)
		.returningAll()
		.executeTakeFirstOrThrow();
	return callbackRecord(kept);
}
