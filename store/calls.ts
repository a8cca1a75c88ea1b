import type { Kysely } from "kysely";
import type { LegName } from "../core/call.js";
import type { CallEvent } from "../core/event.js";
import type { CallFilter, KeptFlow, PositionPage } from "./call-list.js";
import { callEvent, callRecord, recordColumns } from "./call-rows.js";
import { GroupCommit } from "./group-commit.js";
import { type Persistence, persist } from "./persist.js";
import { beyond } from "./position.js";
import { lastRecording } from "./recordings.js";
import type { Tables } from "./schema.js";
import type { KeptTrace } from "./sip-traces.js";
import type {
	CallPatch,
	CallRecord,
	Calls,
	NewCallRecord,
	Publish,
} from "./store.js";
import { type Write, writeAll } from "./write-calls.js";

export class StoredCalls implements Calls {
	readonly #db: Kysely<Tables>;
	readonly #writes: GroupCommit<Write>;

	constructor(db: Kysely<Tables>, owner: number, parts: Persistence) {
		const { database } = parts;
		const isInterruption = (error: unknown) => database.isInterruption(error);
		this.#db = db;
		/** They may be kept already. */
		const unsure = new WeakSet<Write>();
		this.#writes = new GroupCommit(
			(writes) =>
				persist(
					parts,
					(again) =>
						writeAll(db, owner, writes, again).catch((error) => {
							if (isInterruption(error))
								for (const write of writes) unsure.add(write);
							throw error;
						}),
					writes.some((write) => unsure.has(write)),
				),
			({ callId }) => callId,
			0,
			isInterruption,
		);
	}

	insert(call: NewCallRecord, queued: CallEvent, owned = true): Promise<void> {
		return this.#writes.add({
			callId: call.id,
			insert: { ...call, owned },
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

	keepLeg(callId: string, leg: LegName): Promise<void> {
		return this.#writes.add({
			callId,
			events: [],
			patch: {},
			publish: null,
			leg,
		});
	}

	keepSip(callId: string, sip: KeptTrace): Promise<void> {
		const nothing = { events: [], patch: {}, publish: null };
		return this.#writes.add({ callId, ...nothing, sip });
	}

	sip(
		cloudId: string,
		id: string,
		attempt: number | undefined,
	): Promise<KeptTrace[]> {
		return this.#db
			.selectFrom("sip_traces")
			.innerJoin("calls", "calls.id", "sip_traces.call_id")
			.select(["sip_traces.attempt", "sip_traces.messages"])
			.where("calls.id", "=", id)
			.where("calls.cloud_id", "=", cloudId)
			.$if(attempt !== undefined, (query) =>
				query.where("sip_traces.attempt", "=", attempt ?? 0),
			)
			.orderBy("sip_traces.attempt")
			.execute();
	}

	/** Resolves once nothing waits to be written. */
	settled(): Promise<void> {
		return this.#writes.settled();
	}

	async find(cloudId: string, id: string): Promise<CallRecord | undefined> {
		const row = await this.#db
			.selectFrom("calls")
			.select(recordColumns)
			.select(lastRecording("calls"))
			.where("id", "=", id)
			.where("cloud_id", "=", cloudId)
			.executeTakeFirst();
		return row && callRecord(row);
	}

	async list(
		cloudId: string,
		filter: CallFilter,
		{ after, limit }: PositionPage,
	): Promise<CallRecord[]> {
		const { status, outcome, number, from, before, parentCallId } = filter;
		let query = this.#db
			.selectFrom("calls")
			.select(recordColumns)
			.select(lastRecording("calls"))
			.where("cloud_id", "=", cloudId)
			.orderBy("created_at", "desc")
			.orderBy("id", "desc")
			.limit(limit);
		if (status) query = query.where("status", "=", status);
		if (outcome) query = query.where("outcome", "=", outcome);
		if (number !== undefined) query = query.where("number", "=", number);
		if (from !== undefined)
			query = query.where("created_at", ">=", new Date(from));
		if (before !== undefined)
			query = query.where("created_at", "<", new Date(before));
		if (parentCallId) query = query.where("parent_call_id", "=", parentCallId);
		if (after) query = query.where(beyond("created_at", "id", "<", after));
		return (await query.execute()).map(callRecord);
	}

	async flow(cloudId: string, id: string): Promise<KeptFlow | undefined> {
		const row = await this.#db
			.selectFrom("calls")
			.select(["flow", "flow_hash", "variables"])
			.select(["walked_flow", "walked_flow_hash", "walked_since"])
			.where("id", "=", id)
			.where("cloud_id", "=", cloudId)
			.executeTakeFirst();
		if (!row) return undefined;
		const { flow, flow_hash: flowHash, variables } = row;
		const { walked_flow: walked, walked_flow_hash: hash, walked_since } = row;
		const redirectedTo =
			hash === null || walked_since === null
				? null
				: { flow: walked, flowHash: hash, since: walked_since };
		return { flow, flowHash, variables, redirectedTo };
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
}
