import { type Kysely, sql } from "kysely";
import { type Clock, instant } from "../core/clock.js";
import { callEvent } from "./call-rows.js";
import { GroupCommit } from "./group-commit.js";
import { storableJson } from "./json.js";
import { type Persistence, persist } from "./persist.js";
import type { Tables } from "./schema.js";
import { liveSecrets } from "./secrets.js";
import type { Deliveries, Delivery, DeliveryResult, Secret } from "./store.js";

/** Results are kept together, so that they leave the database to the events. After a kill so much is sent again. */
const GATHER_MS = 100;

export class StoredDeliveries implements Deliveries {
	readonly #db: Kysely<Tables>;
	readonly #owner: number;
	readonly #clock: Clock;
	readonly #results: GroupCommit<DeliveryResult>;

	constructor(db: Kysely<Tables>, owner: number, parts: Persistence) {
		this.#db = db;
		this.#clock = parts.clock;
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
		const rows = await this.#db
			.with("claimed", (db) =>
				db
					.updateTable("deliveries")
					.set({ owner: this.#owner })
					.where("event_id", "in", (due) =>
						due
							.selectFrom("deliveries")
							.innerJoin(
								"webhook_endpoints as endpoint",
								"endpoint.id",
								"deliveries.endpoint_id",
							)
							.select("event_id")
							// written out: a plan for whatever status is asked for could not use deliveries_due
							.where(
								sql<boolean>`deliveries.status = 'pending' and owner is null`,
							)
							.where("due_at", "<=", new Date(this.#clock.now()))
							.where("endpoint.status", "=", "enabled")
							.where(notOneOf(except))
							.orderBy("due_at")
							.orderBy("call_id")
							.orderBy("seq")
							.limit(limit)
							.forUpdate("deliveries")
							.skipLocked(),
					)
					.returningAll(),
			)
			.selectFrom("claimed")
			.innerJoin("events", (on) =>
				on
					.onRef("events.call_id", "=", "claimed.call_id")
					.onRef("events.seq", "=", "claimed.seq"),
			)
			.innerJoin("calls", "calls.id", "claimed.call_id")
			.innerJoin("webhook_endpoints", "webhook_endpoints.id", "endpoint_id")
			.select([
				"events.id",
				"events.type",
				"events.seq",
				"events.at",
				"events.data",
				"events.call_id",
				"calls.cloud_id",
				"calls.metadata",
				"endpoint_id",
				"url",
				"method",
				"attempts",
			])
			.orderBy("claimed.due_at")
			.orderBy("events.seq")
			.execute();
		return rows.map(({ endpoint_id, url, method, attempts, ...row }) => ({
			event: callEvent(row),
			endpointId: endpoint_id,
			url,
			method,
			attempts,
		}));
	}

	async nextDueInMs(except: readonly string[]): Promise<number | null> {
		const { rows } = await sql<{ due_at: Date | null }>`
			select min(due_at) as due_at from deliveries join webhook_endpoints endpoint on endpoint.id = endpoint_id
			where deliveries.status = 'pending' and owner is null and endpoint.status = 'enabled'
				and ${notOneOf(except)}`.execute(this.#db);
		const dueAt = rows[0]?.due_at;
		return dueAt ? Math.max(0, dueAt.getTime() - this.#clock.now()) : null;
	}

	settle(result: DeliveryResult): Promise<void> {
		return this.#results.add(result);
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
			.where("event_id", "in", eventIds)
			.where("owner", "=", this.#owner)
			.execute();
	}

	/** Resolves once nothing waits to be written. */
	settled(): Promise<void> {
		return this.#results.settled();
	}

	async disableEndpoint(id: string, detail: string): Promise<void> {
		await this.#db
			.updateTable("webhook_endpoints")
			.set({ status: "disabled", detail })
			.where("id", "=", id)
			.execute();
	}

	liveSecrets(cloudId: string): Promise<Secret[]> {
		return liveSecrets(this.#db, cloudId, this.#clock.now());
	}
}

/** One parameter, however many there are: the statement stays the same. */
const notOneOf = (endpoints: readonly string[]) =>
	sql<boolean>`endpoint_id <> all (array(select json_array_elements_text(${JSON.stringify(endpoints)}::json)::uuid))`;

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
		where deliveries.event_id = result.event_id and deliveries.owner = ${owner}`.execute(
		db,
	);
}
