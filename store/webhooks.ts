import type { Kysely, Selectable } from "kysely";
import type { Clock } from "../core/clock.js";
import { beyond } from "./position.js";
import type { Tables } from "./schema.js";
import { rotateSecret } from "./secrets.js";
import type {
	DeliveryRecord,
	DeliveryStatus,
	EndpointRecord,
	Position,
	Secret,
	Webhooks,
} from "./store.js";

export class StoredWebhooks implements Webhooks {
	readonly #db: Kysely<Tables>;
	readonly #clock: Clock;

	constructor(db: Kysely<Tables>, clock: Clock) {
		this.#db = db;
		this.#clock = clock;
	}

	async endpoints(
		cloudId: string,
		{ after, limit }: { after: Position | null; limit: number },
	): Promise<EndpointRecord[]> {
		const rows = await this.#db
			.selectFrom("webhook_endpoints")
			.selectAll()
			.where("cloud_id", "=", cloudId)
			.$if(after !== null, (query) =>
				query.where(beyond("created_at", "id", ">", after)),
			)
			.orderBy("created_at")
			.orderBy("id")
			.limit(limit)
			.execute();
		return rows.map(endpointRecord);
	}

	async enableEndpoint(
		cloudId: string,
		id: string,
	): Promise<EndpointRecord | undefined> {
		return this.#db.transaction().execute(async (transaction) => {
			const row = await transaction
				.updateTable("webhook_endpoints")
				.set({ status: "enabled", detail: null })
				.where("cloud_id", "=", cloudId)
				.where("id", "=", id)
				.returningAll()
				.executeTakeFirst();
			if (!row) return undefined;
			await transaction
				.updateTable("deliveries")
				.set({ due_at: new Date(this.#clock.now()) })
				.where("endpoint_id", "=", id)
				.where("status", "=", "pending")
				.where("attempts", ">", 0)
				.execute();
			return endpointRecord(row);
		});
	}

	async deliveries(
		cloudId: string,
		{
			status,
			callId,
		}: { status?: DeliveryStatus | undefined; callId?: string | undefined },
		{ after, limit }: { after: Position | null; limit: number },
	): Promise<DeliveryRecord[]> {
		let query = this.#deliveries(cloudId)
			.orderBy("deliveries.at", "desc")
			.orderBy("event_id", "desc")
			.limit(limit);
		if (status) query = query.where("deliveries.status", "=", status);
		if (callId) query = query.where("deliveries.call_id", "=", callId);
		if (after)
			query = query.where(beyond("deliveries.at", "event_id", "<", after));
		return (await query.execute()).map(deliveryRecord);
	}

	async retry(
		cloudId: string,
		eventId: string,
	): Promise<DeliveryRecord | undefined> {
		await this.#db
			.updateTable("deliveries")
			.set({
				status: "pending",
				attempts: 0,
				due_at: new Date(this.#clock.now()),
			})
			.where("cloud_id", "=", cloudId)
			.where("event_id", "=", eventId)
			.where("owner", "is", null)
			.execute();
		const row = await this.#deliveries(cloudId)
			.where("event_id", "=", eventId)
			.executeTakeFirst();
		return row && deliveryRecord(row);
	}

	rotateSecret(cloudId: string, overlapMs: number): Promise<Secret[]> {
		const now = this.#clock.now();
		return rotateSecret(this.#db, cloudId, { now, expiresAt: now + overlapMs });
	}

	#deliveries(cloudId: string) {
		return this.#db
			.selectFrom("deliveries")
			.innerJoin("webhook_endpoints as endpoint", "endpoint.id", "endpoint_id")
			.innerJoin("events", (on) =>
				on
					.onRef("events.call_id", "=", "deliveries.call_id")
					.onRef("events.seq", "=", "deliveries.seq"),
			)
			.select([
				"event_id",
				"deliveries.call_id",
				"deliveries.seq",
				"type",
				"deliveries.at",
				"endpoint_id",
				"url",
				"deliveries.status",
				"attempts",
				"due_at",
				"last_at",
				"last_status",
				"last_detail",
			])
			.where("deliveries.cloud_id", "=", cloudId);
	}
}

function endpointRecord(
	row: Selectable<Tables["webhook_endpoints"]>,
): EndpointRecord {
	const { id, url, status, detail, created_at } = row;
	return { id, url, status, detail, createdAt: created_at.getTime() };
}

type DeliveryRow = Pick<
	Selectable<Tables["deliveries"]>,
	| "event_id"
	| "call_id"
	| "seq"
	| "at"
	| "endpoint_id"
	| "status"
	| "attempts"
	| "due_at"
	| "last_at"
	| "last_status"
	| "last_detail"
> & { type: string; url: string };

function deliveryRecord(row: DeliveryRow): DeliveryRecord {
	return {
		eventId: row.event_id,
		callId: row.call_id,
		seq: row.seq,
		type: row.type,
		at: row.at.getTime(),
		endpointId: row.endpoint_id,
		url: row.url,
		status: row.status,
		attempts: row.attempts,
		dueAt: row.status === "pending" ? row.due_at.getTime() : null,
		lastAt: row.last_at?.getTime() ?? null,
		lastStatus: row.last_status,
		lastDetail: row.last_detail,
	};
}
