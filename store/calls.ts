import type { Kysely, Selectable } from "kysely";
import { instant } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import type { Database } from "./database.js";
import { GroupCommit } from "./group-commit.js";
import type { Tables } from "./schema.js";
import type {
	CallPatch,
	CallRecord,
	Calls,
	CallWork,
	NewCallRecord,
	Publish,
	UnfinishedCall,
} from "./store.js";
import { type Write, writeAll } from "./write-calls.js";

const recordColumns = [
	"id",
	"cloud_id",
	"status",
	"outcome",
	"reason",
	"sip_status",
	"number",
	"caller_id",
	"flow_hash",
	"metadata",
	"record",
	"publish",
	"created_at",
	"dialed_at",
	"answered_at",
	"ended_at",
	"recording",
] as const;

export class StoredCalls implements Calls {
	readonly #db: Kysely<Tables>;
	readonly #owner: number;
	readonly #writes: GroupCommit<Write>;

	constructor(
		db: Kysely<Tables>,
		database: Pick<Database, "isInterruption">,
		owner: number,
	) {
		this.#db = db;
		this.#owner = owner;
		this.#writes = new GroupCommit(
			async (writes) => {
				try {
					await writeAll(db, owner, writes);
				} catch (error) {
					if (!database.isInterruption(error)) throw error;
					await writeAll(db, owner, writes, true);
				}
			},
			({ callId }) => callId,
		);
	}

	insert(call: NewCallRecord, queued: CallEvent): Promise<void> {
		return this.#writes.add({
			callId: call.id,
			insert: call,
			events: [queued],
			patch: {},
			publish: call.publish,
		});
	}

	append(
		callId: string,
		events: readonly CallEvent[],
		patch: CallPatch,
		publish: Publish | null = null,
	): Promise<void> {
		return this.#writes.add({ callId, events, patch, publish });
	}

	/** Resolves once nothing waits to be written. */
	settled(): Promise<void> {
		return this.#writes.settled();
	}

	async find(cloudId: string, id: string): Promise<CallRecord | undefined> {
		const row = await this.#db
			.selectFrom("calls")
			.select(recordColumns)
			.where("id", "=", id)
			.where("cloud_id", "=", cloudId)
			.executeTakeFirst();
		return row && callRecord(row);
	}

	work(id: string): Promise<CallWork | undefined> {
		return this.#db
			.selectFrom("calls")
			.select(["flow", "variables"])
			.where("id", "=", id)
			.executeTakeFirst();
	}

	async events(
		cloudId: string,
		id: string,
		{ after, limit }: { after: number; limit: number },
	): Promise<CallEvent[]> {
		const rows = await this.#db
			.selectFrom("events")
			.innerJoin("calls", "calls.id", "events.call_id")
			.select([
				"events.id",
				"events.type",
				"events.seq",
				"events.at",
				"events.data",
				"calls.metadata",
			])
			.where("calls.id", "=", id)
			.where("calls.cloud_id", "=", cloudId)
			.where("events.seq", ">", after)
			.orderBy("events.seq")
			.limit(limit)
			.execute();
		return rows.map((row) =>
			callEvent({ ...row, call_id: id, cloud_id: cloudId }),
		);
	}

	async claimLeft(limit: number): Promise<UnfinishedCall[]> {
		const rows = await this.#db
			.with("claimed", (db) =>
				db
					.updateTable("calls")
					.set({ owner: this.#owner })
					.where("id", "in", (left) =>
						left
							.selectFrom("calls")
							.select("id")
							.where("owner", "is", null)
							.where("status", "<>", "ended")
							.orderBy("created_at")
							.limit(limit)
							.forUpdate()
							.skipLocked(),
					)
					.returningAll(),
			)
			.selectFrom("claimed")
			.select(recordColumns)
			.select((row) =>
				row
					.selectFrom("events")
					.select((event) => event.fn.max("seq").as("seq"))
					.whereRef("events.call_id", "=", "claimed.id")
					.as("last_seq"),
			)
			.orderBy("created_at")
			.execute();
		return rows.map((row) => ({
			...callRecord(row),
			lastSeq: row.last_seq ?? 0,
		}));
	}
}

/** An event as it was told, key by key in the same order, so that every attempt to deliver it sends the same bytes. */
export function callEvent(row: {
	id: string;
	type: string;
	seq: number;
	call_id: string;
	cloud_id: string;
	at: Date;
	metadata: Record<string, unknown> | null;
	data: unknown;
}): CallEvent {
	const { id, type, seq, call_id, cloud_id, at, metadata, data } = row;
	const event = {
		type,
		data,
		id,
		seq,
		call_id,
		cloud_id,
		at: instant(at.getTime()),
		...(metadata && { metadata }),
	};
	return event as CallEvent; // type and data went in together, as a CallEvent
}

function callRecord(
	row: Pick<Selectable<Tables["calls"]>, (typeof recordColumns)[number]>,
): CallRecord {
	return {
		id: row.id,
		cloudId: row.cloud_id,
		status: row.status,
		outcome: row.outcome,
		reason: row.reason,
		sipStatus: row.sip_status,
		number: row.number,
		callerId: row.caller_id,
		flowHash: row.flow_hash,
		metadata: row.metadata,
		record: row.record,
		publish: row.publish,
		createdAt: row.created_at.getTime(),
		dialedAt: read(row.dialed_at),
		answeredAt: read(row.answered_at),
		endedAt: read(row.ended_at),
		recording: row.recording,
	};
}

const read = (at: Date | null) => at?.getTime() ?? null;
