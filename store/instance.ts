import { type Kysely, sql } from "kysely";
import { type Clock, sleep } from "../core/clock.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Database } from "./database.js";
import type { Tables } from "./schema.js";

/** A lease lasts so long, unless it is renewed. */
const LEASE_S = 10;
const RENEW_MS = 3_000;
/** While it is not sure of its lease, an instance looks again so often. */
const LOOK_MS = 100;
/** Any constant: the first half of the advisory lock that an instance holds; its number is the second. */
const INSTANCE_LOCKS = 8_360_472;

export interface InstanceOptions {
	db: Kysely<Tables>;
	database: Database;
	clock: Clock;
	log: Log;
}

/**
 * This process among those that share the database. What it claims carries its number; the lease on all of that is one row,
 * renewed every 3 s. A row that is 10 s old, or whose session lock is free, is deleted by the next instance that looks,
 * and the foreign keys give its claims back in the same statement.
 */
export class Instance {
	readonly number: number;
	readonly #options: InstanceOptions;
	readonly #onGivenBack = new Set<() => void>();
	#cancel = () => {};
	#ended = false;
	#isFenced = false;
	/** Of the clock that only goes forward. */
	#renewedAt: number;
	#onFenced = () => {};

	private constructor(number: number, options: InstanceOptions) {
		this.number = number;
		this.#options = options;
		this.#renewedAt = options.clock.monotonic();
	}

	static async begin(options: InstanceOptions): Promise<Instance> {
		const { db, database } = options;
		const { rows } = await sql<{ number: number }>`
			select nextval('instance_numbers')::integer as number`.execute(db);
		const number = rows[0]?.number ?? 0;
		// before its row can be seen, and found dead
		await database.hold(
			`select pg_advisory_lock(${INSTANCE_LOCKS}, ${number})`,
		);
		await db.insertInto("instances").values({ number }).execute();
		const instance = new Instance(number, options);
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
	}

	/**
	 * Resolves while the lease is known to last, and rejects with LEASE_LOST once it is known to be lost; a process that was
	 * frozen knows neither, and waits.
	 */
	async held(): Promise<void> {
		const { clock } = this.#options;
		for (;;) {
			if (this.#isFenced || this.#ended) throw new Fault("LEASE_LOST");
			if (clock.monotonic() - this.#renewedAt < LEASE_S * 1_000) return;
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

	#beatLater(): void {
		this.#cancel = this.#options.clock.after(RENEW_MS, () => void this.#beat());
	}

	async #beat(): Promise<void> {
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
			this.#options.log.warn({ err: message(error) }, "lease not renewed");
		}
		if (!this.#ended) this.#beatLater();
	}

	async #renew(): Promise<boolean> {
		// as it was asked for: the database may count from then
		const at = this.#options.clock.monotonic();
		const { numUpdatedRows } = await this.#options.db
			.updateTable("instances")
			.set({ seen_at: sql<Date>`now()` })
			.where("number", "=", this.number)
			.executeTakeFirst();
		if (numUpdatedRows > 0) this.#renewedAt = at;
		return numUpdatedRows > 0;
	}

	/** Whether an instance was found dead. */
	async #reap(): Promise<boolean> {
		const { db, database, log } = this.#options;
		// a server that came up since an instance was last seen has lost its lock, and it could not renew its lease
		const isDead = database.isShared
			? sql`greatest(seen_at, pg_postmaster_start_time()) < now() - make_interval(secs => ${LEASE_S})
				or seen_at > pg_postmaster_start_time() and pg_try_advisory_xact_lock(${INSTANCE_LOCKS}, number)`
			: sql`true`;
		const { rows } = await sql<{ number: number }>`
			delete from instances
			where number <> ${this.number} and (${isDead})
			returning number`.execute(db);
		for (const { number } of rows)
			log.warn({ instance: number }, "took over from an instance that ended");
		return rows.length > 0;
	}
}
