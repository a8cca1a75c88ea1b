import { type Kysely, type Selectable, sql } from "kysely";
import type { Clock } from "../core/clock.js";
import { newId } from "../core/id.js";
import type { DueSoon } from "./due-soon.js";
import { entitiesOf } from "./entities.js";
import { type FireOptions, fire } from "./fire.js";
import type { AnswerTo } from "./idempotency.js";
import { insertAnswered } from "./idempotency-keys.js";
import { storableJson } from "./json.js";
import { beyond } from "./position.js";
import type { NewSchedule, ScheduleRecord, Schedules } from "./schedule.js";
import type { Tables } from "./schema.js";
import type { Position } from "./store.js";

export interface StoredSchedulesOptions extends FireOptions {
	clock: Clock;
	dueSoon: DueSoon;
}

/** Written out: a plan for whatever status is asked for could not use schedules_due. */
const isActive = sql<boolean>`status = 'active'`;

export class StoredSchedules implements Schedules {
	readonly #options: StoredSchedulesOptions;
	readonly #db: Kysely<Tables>;

	constructor(options: StoredSchedulesOptions) {
		this.#options = options;
		this.#db = options.db;
	}

	async insert(
		schedule: NewSchedule,
		answerTo?: AnswerTo<ScheduleRecord>,
	): Promise<ScheduleRecord> {
		const { cloudId, cron, timezone, request, missed, nextAt } = schedule;
		const row = {
			id: newId(),
			cloud_id: cloudId,
			...{ cron, timezone, missed },
			request: storableJson(request),
			next_at: new Date(nextAt),
			created_at: new Date(this.#options.clock.now()),
		};
		const made = await insertAnswered(
			this.#options,
			cloudId,
			async (db) => {
				const kept = db.insertInto("schedules").values(row).returningAll();
				return scheduleRecord(await kept.executeTakeFirstOrThrow());
			},
			answerTo,
		);
		this.#options.dueSoon.announce(nextAt);
		return made;
	}

	async find(cloudId: string, id: string): Promise<ScheduleRecord | undefined> {
		const row = await this.#db
			.selectFrom("schedules")
			.selectAll()
			.where("cloud_id", "=", cloudId)
			.where("id", "=", id)
			.executeTakeFirst();
		return row && scheduleRecord(row);
	}

	async list(
		cloudId: string,
		{ after, limit }: { after: Position | null; limit: number },
	): Promise<ScheduleRecord[]> {
		let query = this.#db
			.selectFrom("schedules")
			.selectAll()
			.where("cloud_id", "=", cloudId)
			.orderBy("created_at")
			.orderBy("id")
			.limit(limit);
		if (after) query = query.where(beyond("created_at", "id", ">", after));
		return (await query.execute()).map(scheduleRecord);
	}

	async pause(
		cloudId: string,
		id: string,
	): Promise<ScheduleRecord | undefined> {
		const row = await this.#one(cloudId, id)
			.set({ status: "paused", next_at: null })
			.returningAll()
			.executeTakeFirst();
		return row && scheduleRecord(row);
	}

	async resume(
		cloudId: string,
		id: string,
		nextAt: number,
	): Promise<ScheduleRecord | undefined> {
		const row = await this.#one(cloudId, id)
			.set({ status: "active", next_at: new Date(nextAt), detail: null })
			.where("status", "=", "paused")
			.returningAll()
			.executeTakeFirst();
		if (!row) return this.find(cloudId, id);
		this.#options.dueSoon.announce(nextAt);
		return scheduleRecord(row);
	}

	async remove(cloudId: string, id: string): Promise<boolean> {
		const { numDeletedRows } = await this.#db
			.deleteFrom("schedules")
			.where("cloud_id", "=", cloudId)
			.where("id", "=", id)
			.executeTakeFirst();
		return numDeletedRows > 0;
	}

	fire(
		limit: number,
		make: Parameters<Schedules["fire"]>[1],
	): ReturnType<Schedules["fire"]> {
		return fire(this.#options, async (transaction) => {
			const rows = await transaction
				.selectFrom("schedules")
				.selectAll()
				.where(isActive)
				.where("next_at", "<=", new Date(this.#options.clock.now()))
				.orderBy("next_at")
				.limit(limit)
				.forUpdate()
				.skipLocked()
				.execute();
			const accounts = rows.map(({ cloud_id }) => cloud_id);
			const entities = await entitiesOf(transaction, accounts);
			const made = rows.map((row) => {
				// `where` leaves out those without
				const nextAt = row.next_at?.getTime() ?? 0;
				const schedule = { ...scheduleRecord(row), nextAt };
				return { id: row.id, ...make(schedule, entities(row.cloud_id)) };
			});
			const changes = made.map(({ id, at, call, nextAt, detail }) => ({
				id,
				status: nextAt === null ? "paused" : "active",
				detail,
				next_at: nextAt === null ? null : new Date(nextAt),
				last_at: at === null ? null : new Date(at),
				last_call_id: call?.record.id,
			}));
			if (changes.length > 0)
				await sql`
					update schedules set status = change.status, detail = change.detail, next_at = change.next_at,
						last_at = coalesce(change.last_at, schedules.last_at),
						last_call_id = coalesce(change.last_call_id, schedules.last_call_id)
					from json_to_recordset(${storableJson(changes)}::json) as change (
						id uuid, status text, detail text, next_at timestamptz, last_at timestamptz, last_call_id uuid
					)
					where schedules.id = change.id`.execute(transaction);
			const calls = made.flatMap(({ call }) => call ?? []);
			return { due: rows.length, calls };
		});
	}

	async nextDueAt(): Promise<number | null> {
		const next = await this.#db
			.selectFrom("schedules")
			.select((row) => row.fn.min("next_at").as("next_at"))
			.where(isActive)
			.executeTakeFirst();
		return next?.next_at?.getTime() ?? null;
	}

	onDueSoon(listener: (dueAt: number) => void): void {
		this.#options.dueSoon.onDueSoon(listener);
	}

	#one(cloudId: string, id: string) {
		return this.#db
			.updateTable("schedules")
			.where("cloud_id", "=", cloudId)
			.where("id", "=", id);
	}
}

function scheduleRecord(row: Selectable<Tables["schedules"]>): ScheduleRecord {
	return {
		id: row.id,
		cloudId: row.cloud_id,
		cron: row.cron,
		timezone: row.timezone,
		request: row.request,
		missed: row.missed,
		status: row.status,
		detail: row.detail,
		nextAt: row.next_at?.getTime() ?? null,
		lastAt: row.last_at?.getTime() ?? null,
		lastCallId: row.last_call_id,
		createdAt: row.created_at.getTime(),
	};
}
