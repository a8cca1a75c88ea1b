import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import type { LegName } from "../core/call.js";
import { callRecord, recordColumns } from "./call-rows.js";
import type { DueSoon } from "./due-soon.js";
import { isOwn } from "./is-own.js";
import { isOneOf } from "./one-of.js";
import { lastRecording } from "./recordings.js";
import type { Tables } from "./schema.js";
import type {
	CallRecord,
	CallStatus,
	ClaimedCall,
	Queue,
	WhichCalls,
} from "./store.js";

/** Built upon in `#claim`. */
type NobodysCalls = SelectQueryBuilder<Tables, "calls", object>;

// All are written out: a plan for whatever status is asked for could not use calls_due.
const isWaiting = sql<boolean>`status in ('scheduled', 'queued')`;
const isLeft = sql<boolean>`status in ('dialing', 'ringing', 'answered')`;
const isNobodys = sql<boolean>`owner is null and status <> 'ended'`;

/** One account's calls are in order in calls_due_of. */
const isOfAccounts = (ids: readonly string[]) =>
	ids.length === 1
		? sql<boolean>`cloud_id = ${ids[0]}`
		: isOneOf("cloud_id", ids);

function isOf({ only, except = [], expiring }: WhichCalls = {}) {
	const isTheirs = only
		? isOfAccounts(only)
		: sql<boolean>`not ${isOneOf("cloud_id", except)}`;
	return expiring
		? sql<boolean>`${isTheirs} and callback_id is null`
		: isTheirs;
}

export class StoredQueue implements Queue {
	readonly #db: Kysely<Tables>;
	readonly #owner: number;
	readonly #dueSoon: DueSoon;
	readonly #stops: DueSoon;

	constructor({
		db,
		owner,
		dueSoon,
		stops,
	}: {
		db: Kysely<Tables>;
		owner: number;
		/** How other instances are told. */
		dueSoon: DueSoon;
		stops: DueSoon;
	}) {
		this.#db = db;
		this.#owner = owner;
		this.#dueSoon = dueSoon;
		this.#stops = stops;
	}

	claimDue(
		by: number,
		limit: number,
		which?: WhichCalls,
	): Promise<ClaimedCall[]> {
		return this.#claim((calls) =>
			calls
				.where(isWaiting)
				.where("due_at", "<=", new Date(by))
				.where(isOf(which))
				.orderBy("due_at")
				.limit(limit),
		);
	}

	claimLeft(limit: number): Promise<ClaimedCall[]> {
		return this.#claim((calls) =>
			calls.where(isLeft).orderBy("due_at").limit(limit),
		);
	}

	async claim(id: string): Promise<ClaimedCall | undefined> {
		const [call] = await this.#claim((calls) => calls.where("id", "=", id));
		return call;
	}

	async giveBack(id: string): Promise<void> {
		const given = await this.#db
			.updateTable("calls")
			.set({ owner: null })
			.where("id", "=", id)
			.where(isOwn("owner", this.#owner))
			.where(isWaiting)
			.returning("due_at")
			.executeTakeFirst();
		if (given) this.#dueSoon.announce(given.due_at.getTime());
	}

	async held(): Promise<string[]> {
		const rows = await this.#db
			.selectFrom("calls")
			.select("id")
			.where("owner", "=", this.#owner)
			.execute();
		return rows.map(({ id }) => id);
	}

	async leave(ids: readonly string[]): Promise<void> {
		await this.#db
			.updateTable("calls")
			.set({ owner: null })
			.where("id", "in", ids)
			.where(isOwn("owner", this.#owner))
			.execute();
	}

	async nextDueAt(which?: WhichCalls): Promise<number | null> {
		const next = await this.#nobodys()
			.where(isWaiting)
			.where(isOf(which))
			.select("due_at")
			.orderBy("due_at")
			.limit(1)
			.executeTakeFirst();
		return next?.due_at.getTime() ?? null;
	}

	async backlog(by: number, most: number, which?: WhichCalls): Promise<number> {
		const due = this.#nobodys()
			.select("id")
			.where(isWaiting)
			.where("due_at", "<=", new Date(by))
			.where(isOf(which))
			.limit(most);
		const counted = await this.#db
			.selectFrom(due.as("due"))
			.select((row) => row.fn.countAll().as("rows"))
			.executeTakeFirst();
		return Number(counted?.rows ?? 0);
	}

	async backlogs(
		by: number,
		most: number,
		cloudIds: readonly string[],
	): Promise<[string, number][]> {
		const { rows } = await sql<{ cloud_id: string; waiting: number }>`
			select account.cloud_id, (
				select count(*)::integer from (
					select from calls
					where calls.cloud_id = account.cloud_id and ${isNobodys} and ${isWaiting} and due_at <= ${new Date(by)}
					limit ${most}
				) due
			) as waiting
			from json_array_elements_text(${JSON.stringify(cloudIds)}::json) as account (cloud_id)`.execute(
			this.#db,
		);
		return rows.map(({ cloud_id, waiting }) => [cloud_id, waiting]);
	}

	async ahead({
		id,
		dueAt,
	}: Pick<CallRecord, "id" | "dueAt">): Promise<number> {
		const counted = await this.#db
			.selectFrom("calls")
			.select((row) => row.fn.countAll().as("rows"))
			.where(isWaiting)
			.where(sql<boolean>`(due_at, id) < (${new Date(dueAt)}, ${id}::uuid)`)
			.executeTakeFirst();
		return Number(counted?.rows ?? 0);
	}

	announce(dueAt: number): void {
		this.#dueSoon.announce(dueAt);
	}

	onDueSoon(listener: (dueAt: number) => void): void {
		this.#dueSoon.onDueSoon(listener);
	}

	onStopAsked(listener: () => void): void {
		this.#stops.onDueSoon(listener);
	}

	async askToStop(id: string): Promise<void> {
		await this.#db
			.updateTable("calls")
			.set({ stop_asked: true })
			.where("id", "=", id)
			.execute();
		this.#stops.announce(0);
	}

	async stopsAsked(): Promise<string[]> {
		const rows = await this.#db
			.selectFrom("calls")
			.select("id")
			.where("owner", "=", this.#owner)
			.where("stop_asked", "=", true)
			.execute();
		return rows.map(({ id }) => id);
	}

	#nobodys() {
		return this.#db.selectFrom("calls").where(isNobodys);
	}

	async #claim(
		which: (calls: NobodysCalls) => NobodysCalls,
	): Promise<ClaimedCall[]> {
		const left = which(this.#nobodys()).select("id").forUpdate().skipLocked();
		const rows = await this.#db
			.with("claimed", (db) =>
				db
					.updateTable("calls")
					.set({
						owner: this.#owner,
						status: sql<CallStatus>`case status when 'scheduled' then 'queued' else status end`,
					})
					.where("id", "in", left)
					.returningAll(),
			)
			.selectFrom("claimed")
			.select([...recordColumns, "flow", "variables", "stop_asked"])
			.select(lastRecording("claimed"))
			.select((row) => [
				row
					.selectFrom("events")
					.select((event) => event.fn.max("seq").as("seq"))
					.whereRef("events.call_id", "=", "claimed.id")
					.as("last_seq"),
				sql<LegName[] | null>`(
					select json_agg(json_build_object('dialogId', dialog_id, 'transactionId', transaction_id))
					from legs where legs.call_id = claimed.id
				)`.as("legs"),
			])
			.orderBy("due_at")
			.execute();
		return rows.map(({ flow, variables, ...row }) => ({
			...callRecord(row),
			flow,
			variables,
			lastSeq: row.last_seq ?? 0,
			legs: row.legs ?? [],
			stopAsked: row.stop_asked,
		}));
	}
}
