import { type Kysely, type RawBuilder, type Selectable, sql } from "kysely";
import { instant } from "../core/clock.js";
import { callEvent } from "./call-rows.js";
import { GroupCommit } from "./group-commit.js";
import { isOwn } from "./is-own.js";
import { storableJson } from "./json.js";
import { isOneOf } from "./one-of.js";
import { type Persistence, persist } from "./persist.js";
import type { Tables } from "./schema.js";
import { liveSecrets } from "./secrets.js";
import type { Deliveries, Delivery, DeliveryResult, Secret } from "./store.js";

/** Results are kept together, so that they leave the database to the events. After a kill so much is sent again. */
const GATHER_MS = 100;

type ClaimedRow = Parameters<typeof callEvent>[0] &
	Pick<Selectable<Tables["webhook_endpoints"]>, "url"> &
	Pick<Selectable<Tables["calls"]>, "traceparent"> &
	Pick<Selectable<Tables["deliveries"]>, "endpoint_id" | "method" | "attempts">;

export class StoredDeliveries implements Deliveries {
	readonly #db: Kysely<Tables>;
	readonly #owner: number;
	readonly #parts: Persistence;
	readonly #results: GroupCommit<DeliveryResult>;

	constructor(db: Kysely<Tables>, owner: number, parts: Persistence) {
		this.#db = db;
		this.#parts = parts;
		this.#owner = owner;
		this.#results = new GroupCommit(
			(results) => persist(parts, () => settleAll(db, owner, results)),
			({ eventId }) => eventId,
			GATHER_MS,
			(error) => parts.database.isInterruption(error),
		);
	}

	async claimDue(
		limit: number,
		except: readonly string[],
	): Promise<Delivery[]> {
		return this.#claim(sql`
			select event_id from deliveries join webhook_endpoints endpoint on endpoint.id = endpoint_id
			where ${isRetry} and due_at <= ${new Date(this.#parts.clock.now())} and endpoint.status = 'enabled'
				and ${notOneOf(except)}
			order by due_at
			limit ${limit} for update of deliveries skip locked`);
	}

	async nextDueInMs(except: readonly string[]): Promise<number | null> {
		const { rows } = await sql<{ due_at: Date | null }>`
			select min(due_at) as due_at from deliveries join webhook_endpoints endpoint on endpoint.id = endpoint_id
			where ${isRetry} and endpoint.status = 'enabled' and ${notOneOf(except)}`.execute(
			this.#db,
		);
		const dueAt = rows[0]?.due_at;
		return dueAt
			? Math.max(0, dueAt.getTime() - this.#parts.clock.now())
			: null;
	}

	async lines(limit: number, except: readonly string[]): Promise<string[]> {
		// from one endpoint to the next by the index, however many wait at each
		const { rows } = await sql<{ endpoint_id: string }>`
			with recursive line as (
				(select endpoint_id from deliveries where ${isInLine} order by endpoint_id limit 1)
				union all
				select (
					select deliveries.endpoint_id from deliveries
					where ${isInLine} and deliveries.endpoint_id > line.endpoint_id
					order by deliveries.endpoint_id limit 1
				) from line where line.endpoint_id is not null
			)
			select endpoint_id from line join webhook_endpoints on id = endpoint_id
			where status = 'enabled' and (feeder is null or feeder = ${this.#owner}) and ${notOneOf(except)}
			limit ${limit}`.execute(this.#db);
		return rows.map(({ endpoint_id }) => endpoint_id);
	}

	async claimLine(
		endpointId: string,
		limit: number,
	): Promise<Delivery[] | null> {
		const { numUpdatedRows } = await this.#db
			.updateTable("webhook_endpoints")
			.set({ feeder: this.#owner })
			.where("id", "=", endpointId)
			.where(sql<boolean>`status = 'enabled'`)
			.where((row) =>
				row.or([row("feeder", "is", null), row("feeder", "=", this.#owner)]),
			)
			.executeTakeFirst();
		if (numUpdatedRows === 0n) return null;
		return this.#claim(sql`
			select event_id from deliveries
			where ${isInLine} and endpoint_id = ${endpointId}
			order by at, seq
			limit ${limit} for update skip locked`);
	}

	async leaveLine(endpointId: string): Promise<void> {
		await this.#db
			.updateTable("webhook_endpoints")
			.set({ feeder: null })
			.where("id", "=", endpointId)
			.where("feeder", "=", this.#owner)
			.execute();
	}

	async held(): Promise<string[]> {
		const rows = await this.#db
			.selectFrom("deliveries")
			.select("event_id")
			.where("owner", "=", this.#owner)
			.execute();
		return rows.map(({ event_id }) => event_id);
	}

	async leave(eventIds: readonly string[]): Promise<void> {
		await this.#db
			.updateTable("deliveries")
			.set({ owner: null })
			.where(isOwn("owner", this.#owner))
			.where(isOneOf("event_id", eventIds, "uuid"))
			.execute();
	}

	async disabledEndpoints(): Promise<string[]> {
		const rows = await this.#db
			.selectFrom("webhook_endpoints")
			.select("id")
			.where(sql<boolean>`status = 'disabled'`)
			.execute();
		return rows.map(({ id }) => id);
	}

	async oldestPendingAt(): Promise<number | null> {
		// from one endpoint's oldest to the next one's, by the index
		const { rows } = await sql<{ at: Date | null }>`
			with recursive oldest as (
				(select endpoint_id, at from deliveries where status = 'pending' order by endpoint_id, at limit 1)
				union all
				select next.endpoint_id, next.at from oldest, lateral (
					select deliveries.endpoint_id, deliveries.at from deliveries
					where deliveries.status = 'pending' and deliveries.endpoint_id > oldest.endpoint_id
					order by deliveries.endpoint_id, deliveries.at limit 1
				) next
			)
			select min(at) as at from oldest join webhook_endpoints on id = endpoint_id where status = 'enabled'`.execute(
			this.#db,
		);
		return rows[0]?.at?.getTime() ?? null;
	}

	/** Takes over the deliveries whose ids `which` selects and locks, in the order of their events. */
	async #claim(which: RawBuilder<unknown>): Promise<Delivery[]> {
		const { rows } = await sql<ClaimedRow>`
			with claimed as (
				update deliveries set owner = ${this.#owner} where event_id in (${which})
				returning call_id, seq, endpoint_id, method, attempts
			)
			select events.id, events.type, events.seq, events.at, events.data, events.call_id,
				calls.cloud_id, calls.metadata, calls.traceparent, claimed.endpoint_id, endpoint.url, claimed.method, claimed.attempts
			from claimed
				join events on events.call_id = claimed.call_id and events.seq = claimed.seq
				join calls on calls.id = claimed.call_id
				join webhook_endpoints endpoint on endpoint.id = claimed.endpoint_id
			order by events.at, events.seq`.execute(this.#db);
		return rows.map((row) => ({
			event: callEvent(row),
			endpointId: row.endpoint_id,
			...{ url: row.url, method: row.method },
			...{ attempts: row.attempts, traceparent: row.traceparent },
		}));
	}

	settle(result: DeliveryResult): Promise<void> {
		return this.#results.add(result);
	}

	/** Resolves once nothing waits to be written. */
	settled(): Promise<void> {
		return this.#results.settled();
	}

	async disableEndpoint(id: string, detail: string): Promise<void> {
		const update = this.#db
			.updateTable("webhook_endpoints")
			.set({ status: "disabled", detail })
			.where("id", "=", id);
		await persist(this.#parts, () => update.execute());
	}

	liveSecrets(cloudId: string): Promise<Secret[]> {
		return persist(this.#parts, () =>
			liveSecrets(this.#db, cloudId, this.#parts.clock.now()),
		);
	}
}

// Written out: a plan for whatever status is asked for could not use the indexes.
const isRetry = sql<boolean>`deliveries.status = 'pending' and owner is null and attempts > 0`;
const isInLine = sql<boolean>`deliveries.status = 'pending' and owner is null and attempts = 0`;

const notOneOf = (endpoints: readonly string[]) =>
	sql<boolean>`not ${isOneOf("endpoint_id", endpoints, "uuid")}`;

/** Those that are not ours any more stay as their new owner has them. */
async function settleAll(
	db: Kysely<Tables>,
	owner: number,
	results: readonly DeliveryResult[],
): Promise<void> {
	const rows = results.map(({ eventId, status, attempts, dueAt, attempt }) => ({
		event_id: eventId,
		status,
		attempts,
		due_at: instant(dueAt),
		last_at: attempt && instant(attempt.at),
		last_status: attempt?.httpStatus ?? null,
		last_detail: attempt?.detail ?? null,
	}));
	await sql`
		update deliveries set
			status = result.status,
			attempts = result.attempts,
			due_at = result.due_at,
			owner = null,
			last_at = coalesce(result.last_at, deliveries.last_at),
			last_status = case when result.last_at is null then deliveries.last_status else result.last_status end,
			last_detail = case when result.last_at is null then deliveries.last_detail else result.last_detail end
		from json_to_recordset(${storableJson(rows)}::json) as result (
			event_id uuid, status text, attempts integer, due_at timestamptz, last_at timestamptz, last_status integer,
			last_detail text
		)
		where deliveries.event_id = result.event_id and ${isOwn("deliveries.owner", owner)}`.execute(
		db,
	);
}
