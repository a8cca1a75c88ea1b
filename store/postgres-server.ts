import type { PostgresPoolClient } from "kysely";
import pg from "pg";
import { type Clock, sleep } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Database } from "./database.js";
import { PoolClient } from "./pool-client.js";
import { PreparedNames } from "./prepared-names.js";

/** One for what callers wait for, the others for what runs meanwhile. */
const CONNECTIONS = 8;
const CONNECT_MS = 5_000;
/** How long what is asked for waits for a server that restarts. */
const PATIENCE_MS = 20_000;
const RETRY_MS = 200;
/** What lasts longer is taken for lost with its connection: through a firewall that forgot it, nothing ever comes. */
const QUERY_MS = 10_000;
/** The same in the session that is held: before the lease is over there must be time for a new one. */
const HELD_MS = 3_000;
const KEEP_ALIVE_MS = 5_000;

/** A PostgreSQL server, at DATABASE_URL. */
export class PostgresServer implements Database {
	readonly isShared = true;
	readonly #pool: pg.Pool;
	readonly #clock: Clock;
	readonly #log: Log;
	/** Where it is, without who asks and the password. */
	readonly #at: string;
	#alive = true;
	#ended = false;
	/** Of each query; undefined until a session is held. */
	#timeoutMs: number | undefined;
	#statement = "";
	/** The one that is held; undefined while it is lost. */
	#session: pg.PoolClient | undefined;
	readonly #names = new PreparedNames();
	readonly #listeners = new Map<string, (payload: string) => void>();

	constructor(url: string, { clock, log }: { clock: Clock; log: Log }) {
		this.#clock = clock;
		this.#log = log;
		const { hostname, port } = new URL(url);
		const host = hostname || "localhost";
		this.#at = `PostgreSQL at ${host}:${port || 5432} (DATABASE_URL)`;
		this.#pool = new pg.Pool({
			connectionString: url,
			max: CONNECTIONS,
			connectionTimeoutMillis: CONNECT_MS,
			keepAlive: true,
			keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
			application_name: "flowdial",
		});
		// of a connection that nobody uses at the moment; the next one asked for is a new one
		this.#pool.on("error", (error) =>
			log.warn({ err: error.message }, "a connection to PostgreSQL ended"),
		);
		// of one that is in use: its query rejects, or the next one does; unheard it would end the process
		this.#pool.on("connect", (client) => client.on("error", () => {}));
	}

	get alive(): boolean {
		return this.#alive;
	}

	onLost(): void {}

	/** Waits a while for a server that is not there. */
	async connect(): Promise<PostgresPoolClient> {
		const client = await this.#connect();
		let lost: unknown;
		return new PoolClient(
			async (text, values) => {
				// it is over, or still busy with what was given up
				if (lost) throw lost;
				const name = this.#names.nameOf(text);
				try {
					return await ask(client, {
						...{ text, values: [...values], ...(name && { name }) },
						query_timeout: this.#timeoutMs,
					});
				} catch (error) {
					// told of its end, it would be lent once more before it has ended
					if (this.isInterruption(error)) lost = error;
					throw error;
				}
			},
			() => client.release(lost !== undefined),
		);
	}

	async #connect(): Promise<pg.PoolClient> {
		const deadline = this.#clock.monotonic() + PATIENCE_MS;
		for (;;) {
			try {
				const client = await this.#pool.connect();
				this.#tell(true);
				return client;
			} catch (error) {
				if (!this.isInterruption(error)) throw error;
				this.#tell(false, message(error));
				if (this.#clock.monotonic() > deadline) throw error;
				await sleep(this.#clock, RETRY_MS);
			}
		}
	}

	/** From now on queries end: migrations, which may last, come before. */
	hold(statement: string): Promise<void> {
		this.#timeoutMs = QUERY_MS;
		this.#statement = statement;
		return this.#hold();
	}

	async inHeld<Row>(
		statement: string,
		values: readonly unknown[],
	): Promise<Row[]> {
		const session = this.#session;
		if (!session) throw new Error("Connection terminated: no session is held");
		try {
			const { rows } = await ask<Row>(session, {
				...{ text: statement, values: [...values] },
				query_timeout: HELD_MS,
			});
			return rows;
		} catch (error) {
			if (this.isInterruption(error)) this.#lose(session);
			throw error;
		}
	}

	async #hold(): Promise<void> {
		const client = await this.#connect();
		let lost = false;
		const lose = () => {
			lost = true;
			this.#lose(client);
		};
		client.on("error", lose);
		client.on("end", lose);
		client.on("notification", ({ channel, payload }) =>
			this.#listeners.get(channel)?.(payload ?? ""),
		);
		try {
			await ask(client, { text: this.#statement, query_timeout: HELD_MS });
			for (const channel of this.#listeners.keys())
				await client.query(`listen ${channel}`);
			if (lost || this.#ended) throw new Error("Connection terminated");
		} catch (error) {
			client.release(true);
			throw error;
		}
		this.#session = client;
	}

	/** Until it is held, the query that failed tells. */
	#lose(session: pg.PoolClient): void {
		if (this.#session !== session) return;
		this.#session = undefined;
		session.release(true);
		void this.#holdAgain();
	}

	/** However long the server is away: without the session others would take this instance for dead. */
	async #holdAgain(): Promise<void> {
		while (!this.#ended) {
			try {
				return await this.#hold();
			} catch (error) {
				if (this.#ended) return;
				this.#log.error({ err: message(error) }, "no session is held");
				await sleep(this.#clock, RETRY_MS);
			}
		}
	}

	async listen(
		channel: string,
		listener: (payload: string) => void,
	): Promise<void> {
		this.#listeners.set(channel, listener);
		await this.#session?.query(`listen ${channel}`);
	}

	async notify(channel: string, payload: string): Promise<void> {
		const client = await this.connect();
		try {
			await client.query("select pg_notify($1, $2)", [channel, payload]);
		} finally {
			client.release();
		}
	}

	/** Throws, in words, if it is not there for a while. */
	async reach(): Promise<void> {
		try {
			(await this.#connect()).release();
		} catch (error) {
			const after = `in ${PATIENCE_MS / 1_000} seconds`;
			throw this.isInterruption(error)
				? new Error(`${this.#at} has not answered ${after}: ${message(error)}`)
				: error;
		}
	}

	isInterruption(error: unknown): boolean {
		// connection exception, too many connections, the server shuts down, crashed or starts
		if (error instanceof pg.DatabaseError)
			return /^08|^53300|^57P0[1-3]/.test(error.code ?? "");
		// a socket's errors have a code, pg's own do not
		return (
			error instanceof Error &&
			(isTimeout(error) ||
				"code" in error ||
				/^Connection terminated|^timeout exceeded|is not queryable$/.test(
					error.message,
				))
		);
	}

	async end(): Promise<void> {
		this.#alive = false;
		this.#ended = true;
		const session = this.#session;
		this.#session = undefined;
		session?.release(true);
		await this.#pool.end();
	}

	#tell(alive: boolean, why?: string): void {
		if (alive === this.#alive) return;
		this.#alive = alive;
		if (alive) this.#log.info(`${this.#at} is back`);
		else
			this.#log.error(
				{ err: why },
				`${this.#at} does not answer; it is tried again and again`,
			);
	}
}

/** With what `pg` takes and its types do not know. */
function ask<Row>(
	client: pg.PoolClient,
	query: pg.QueryConfig & { query_timeout: number | undefined },
): Promise<{ command: string; rowCount: number | null; rows: Row[] }> {
	// rows are what the statement selects, which the caller has typed
	return client.query<Row & pg.QueryResultRow>(query);
}

const isTimeout = (error: unknown) =>
	error instanceof Error && error.message === "Query read timeout";
