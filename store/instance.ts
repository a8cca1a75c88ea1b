import { type Kysely, sql } from "kysely";
import { type Clock, sleep } from "../core/clock.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Database } from "./database.js";
import type { Tables } from "./schema.js";

/** A lease lasts so long, unless it is renewed. */
const LEASE_MS = 10_000;
const RENEW_MS = 3_000;
/** After a renewal that failed. */
const RENEW_AGAIN_MS = 1_000;
/** While it is not sure of its lease, an instance looks again so often. */
const LOOK_MS = 100;
/** Any constant: the first half of the advisory lock that an instance holds; its number is the second. */
const INSTANCE_LOCKS = 8_360_472;

/** A session may be lost of which the server does not know: nobody else has this number, so that one is ended. */
const lockOf = (number: number) => `do $$ begin
	perform pg_terminate_backend(pid) from pg_locks
		where locktype = 'advisory' and classid = ${INSTANCE_LOCKS} and objid = ${number} and objsubid = 2
			and database = (select oid from pg_database where datname = current_database()) and pid <> pg_backend_pid();
	perform pg_advisory_lock(${INSTANCE_LOCKS}, ${number});
end $$`;

const SESSION =
	"pg_backend_pid() || ' ' || pg_postmaster_start_time() as session";

/** When an instance has renewed its lease, as its row has it: compared with itself only, since a server's clock may be set. */
const SEEN = sql<string>`extract(epoch from seen_at)::text`;

interface Seen {
	number: number;
	seen: string;
}

export interface InstanceOptions {
	db: Kysely<Tables>;
	database: Database;
	clock: Clock;
	log: Log;
}

/**
 * This process among those that share the database. What it claims carries its number; the lease on all of that is one row,
 * renewed every 3 s in the session that holds its lock. A row that did not change for 10 s, or whose lock is free on the server that
 * it was renewed at, is deleted by the next instance that looks, and the foreign keys give its claims back in the same statement. Who
 * has just lost its own session looks 10 s later: the others need time for theirs.
 */
export class Instance {
	readonly number: number;
	readonly #options: InstanceOptions;
	readonly #onGivenBack = new Set<() => void>();
	#cancel = () => {};
	#ended = false;
	#isFenced = false;
	/** Since when each has been seen as it is, by the clock that only goes forward, as the following two. */
	#others = new Map<number, Seen & { since: number }>();
	#renewedAt: number;
	/** The first renewal in this session, if there was another before it. */
	#heldAgainAt = Number.NEGATIVE_INFINITY;
	#session: string | undefined;
	#onFenced = () => {};

	private constructor(
		number: number,
		session: string | undefined,
		options: InstanceOptions,
	) {
		this.number = number;
		this.#session = session;
		this.#options = options;
		this.#renewedAt = options.clock.monotonic();
	}

	static async begin(options: InstanceOptions): Promise<Instance> {
		const { db, database } = options;
		const { rows } = await sql<{ number: number }>`
			select nextval('instance_numbers')::integer as number`.execute(db);
		const number = rows[0]?.number ?? 0;
		// before its row can be seen, and found dead
		await database.hold(lockOf(number));
		const [row] = await database.inHeld<{ session: string }>(
			`insert into instances (number, server_started_at) values ($1, pg_postmaster_start_time()) returning ${SESSION}`,
			[number],
		);
		const instance = new Instance(number, row?.session, options);
		await instance.#reap();
		instance.#beatLater();
		return instance;
	}

	/** Calls `listener` whenever there may be claims that another instance has left. */
	onGivenBack(listener: () => void): void {
		this.#onGivenBack.add(listener);
	}

	/** Calls `listener` if others have taken this instance for dead: nothing that it claims is its own any more. */
	onFenced(listener: () => void): void {
		this.#onFenced = listener;
		if (this.#isFenced) listener();
	}

	/**
	 * Resolves while the lease is known to last, and rejects with LEASE_LOST once it is known to be lost; a process that was
	 * frozen knows neither, and waits.
	 */
	async held(): Promise<void> {
		const { clock } = this.#options;
		for (;;) {
			if (this.#isFenced || this.#ended) throw new Fault("LEASE_LOST");
			if (clock.monotonic() - this.#renewedAt < LEASE_MS) return;
			await sleep(clock, LOOK_MS);
		}
	}

	/** Gives back what it still claims. */
	async end(): Promise<void> {
		this.#ended = true;
		this.#cancel();
		await this.#options.db
			.deleteFrom("instances")
			.where("number", "=", this.number)
			.execute();
	}

	#beatLater(delayMs = RENEW_MS): void {
		this.#cancel = this.#options.clock.after(delayMs, () => void this.#beat());
	}

	async #beat(): Promise<void> {
		let delayMs = RENEW_MS;
		try {
			const isOurs = await this.#renew();
			if (this.#ended) return;
			if (!isOurs) {
				this.#isFenced = true;
				return this.#onFenced();
			}
			if (await this.#reap())
				for (const listener of this.#onGivenBack) listener();
		} catch (error) {
			delayMs = RENEW_AGAIN_MS;
			this.#options.log.warn({ err: message(error) }, "lease not renewed");
		}
		if (!this.#ended) this.#beatLater(delayMs);
	}

	async #renew(): Promise<boolean> {
		// as it was asked for: the database may count from then
		const at = this.#options.clock.monotonic();
		const [row] = await this.#options.database.inHeld<{ session: string }>(
			`update instances set seen_at = now(), server_started_at = pg_postmaster_start_time() where number = $1 returning ${SESSION}`,
			[this.number],
		);
		if (!row) return false;
		const wasAway = at - this.#renewedAt >= LEASE_MS;
		if (row.session !== this.#session || wasAway) this.#heldAgainAt = at;
		this.#session = row.session;
		this.#renewedAt = at;
		return true;
	}

	/** Whether an instance was found dead. */
	async #reap(): Promise<boolean> {
		const { db, database, log } = this.#options;
		// what ended our session may have ended theirs, and kept them from a renewal
		if (this.#renewedAt - this.#heldAgainAt <= LEASE_MS) return false;
		const isLate = sql`exists (
			select from json_to_recordset(${JSON.stringify(this.#late())}::json) as late (number integer, seen text)
			where late.number = instances.number and late.seen = ${SEEN}
		)`;
		const isDead = database.isShared
			? sql`(${isLate} or server_started_at = pg_postmaster_start_time()
				and pg_try_advisory_xact_lock(${INSTANCE_LOCKS}, number))`
			: sql`true`;
		const { rows } = await sql<Seen & { isDead: boolean }>`
			with dead as (
				delete from instances
				where number <> ${this.number} and ${isDead}
				returning number
			)
			select number, ${SEEN} as seen, number in (select number from dead) as "isDead"
			from instances where number <> ${this.number}`.execute(db);
		this.#look(rows.filter(({ isDead }) => !isDead));
		const dead = rows.filter(({ isDead }) => isDead);
		for (const { number } of dead)
			log.warn({ instance: number }, "took over from an instance that ended");
		return dead.length > 0;
	}

	/** Those whose lease was not renewed for as long as it lasts; a server that stood still kept us from a renewal, too. */
	#late(): Seen[] {
		return Array.from(this.#others.values()).filter(
			({ since }) => this.#renewedAt - since > LEASE_MS,
		);
	}

	#look(others: readonly Seen[]): void {
		const now = this.#options.clock.monotonic();
		this.#others = new Map(
			others.map(({ number, seen }) => {
				const known = this.#others.get(number);
				const since = known?.seen === seen ? known.since : now;
				return [number, { number, seen, since }];
			}),
		);
	}
}
