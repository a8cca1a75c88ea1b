import { randomBytes } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { instant } from "../core/clock.js";
import { newId } from "../core/id.js";
import { callEvent } from "./calls.js";
import { GroupCommit } from "./group-commit.js";
import { storableJson } from "./json.js";
import type { Tables } from "./schema.js";
import type { Deliveries, Delivery, DeliveryResult } from "./store.js";

/** Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = 32;

export class StoredDeliveries implements Deliveries {
	readonly #db: Kysely<Tables>;
	readonly #owner: number;
	readonly #results: GroupCommit<DeliveryResult>;

	constructor(db: Kysely<Tables>, owner: number) {
		this.#db = db;
		this.#owner = owner;
		this.#results = new GroupCommit(
			(results) => settleAll(db, owner, results),
			({ eventId }) => eventId,
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
							.where("deliveries.status", "=", "pending")
							.where("owner", "is", null)
							.where("due_at", "<=", sql<Date>`now()`)
							.where("endpoint.status", "=", "enabled")
							.where(notOneOf(except))
							.orderBy("due_at")
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
			.orderBy("due_at")
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
		const { rows } = await sql<{ ms: number | null }>`
			select (extract(epoch from min(due_at) - now()) * 1000)::float8 as ms
			from deliveries join webhook_endpoints endpoint on endpoint.id = endpoint_id
			where deliveries.status = 'pending' and owner is null and endpoint.status = 'enabled'
				and ${notOneOf(except)}`.execute(this.#db);
		const ms = rows[0]?.ms ?? null;
		return ms === null ? null : Math.max(0, Math.ceil(ms));
	}

	settle(result: DeliveryResult): Promise<void> {
		return this.#results.add(result);
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

	async liveSecrets(cloudId: string): Promise<string[]> {
		const rows = await this.#db
			.selectFrom("webhook_secrets")
			.select("secret")
			.where("cloud_id", "=", cloudId)
			.where((is) =>
				is.or([
					is("expires_at", "is", null),
					is("expires_at", ">", sql<Date>`now()`),
				]),
			)
			.orderBy("created_at", "desc")
			.execute();
		if (rows.length > 0) return rows.map(({ secret }) => secret);
		await this.#makeFirstSecret(cloudId);
		return this.liveSecrets(cloudId);
	}

	/** Once, however many instances want one at the same time. */
	#makeFirstSecret(cloudId: string): Promise<void> {
		return this.#db.transaction().execute(async (transaction) => {
			await sql`select pg_advisory_xact_lock(hashtext(${cloudId}))`.execute(
				transaction,
			);
			const first = await transaction
				.selectFrom("webhook_secrets")
				.select("id")
				.where("cloud_id", "=", cloudId)
				.where("expires_at", "is", null)
				.executeTakeFirst();
			if (first) return;
			const secret = `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`;
			await transaction
				.insertInto("webhook_secrets")
				.values({ id: newId(), cloud_id: cloudId, secret })
				.execute();
		});
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
