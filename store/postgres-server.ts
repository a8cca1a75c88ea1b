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

/** A PostgreSQL server, at DATABASE_URL. */
export class PostgresServer implements Database {
	readonly isShared = true;
	readonly #pool: pg.Pool;
	readonly #clock: Clock;
	readonly #log: Log;
	#alive = true;
	#ended = false;
	/** The one that is held; undefined while it is lost. */
	#session: pg.PoolClient | undefined;
	readonly #names = new PreparedNames();
	readonly #listeners = new Map<string, (payload: string) => void>();

	constructor(url: string, { clock, log }: { clock: Clock; log: Log }) {
		this.#clock = clock;
		this.#log = log;
		this.#pool = new pg.Pool({
			connectionString: url,
			max: CONNECTIONS,
			connectionTimeoutMillis: CONNECT_MS,
			keepAlive: true,
			application_name: "flowdial",
		});
		// of a connection that nobody uses at the moment; the next one asked for is a new one
		this.#pool.on("error", (error) =>
			log.warn({ err: error.message }, "a connection to PostgreSQL ended"),
		);
		// one that is in use: its query rejects, or the next one does
		this.#pool.on("connect", (client) => client.on("error", () => {}));
	}

	get alive(): boolean {
		return this.#alive;
	}

	onLost(): void {}

	/** Waits a while for a server that is not there. */
	async connect(): Promise<PostgresPoolClient> {
		const client = await this.#connect();
		return new PoolClient(
			(text, values) => {
				const name = this.#names.nameOf(text);
				const query = { text, values: [...values] };
				return client.query(name ? { ...query, name } : query);
			},
			() => client.release(),
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

	async hold(statement: string): Promise<void> {
		const client = await this.#connect();
		let lost = false;
		const lose = () => {
			lost = true;
			// until it is held, the query that failed tells
			if (this.#session !== client) return;
			this.#session = undefined;
			client.release(true);
			void this.#holdAgain(statement);
		};
		client.on("error", lose);
		client.on("end", lose);
		client.on("notification", ({ channel, payload }) =>
			this.#listeners.get(channel)?.(payload ?? ""),
		);
		try {
			await client.query(statement);
			for (const channel of this.#listeners.keys())
				await client.query(`listen ${channel}`);
			if (lost || this.#ended) throw new Error("Connection terminated");
		} catch (error) {
			client.release(true);
			throw error;
		}
		this.#session = client;
	}

	/** However long the server is away: without the session others would take this instance for dead. */
	async #holdAgain(statement: string): Promise<void> {
		while (!this.#ended) {
			try {
				return await this.hold(statement);
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
		await this.#pool.query("select pg_notify($1, $2)", [channel, payload]);
	}

	isInterruption(error: unknown): boolean {
		// connection exception, too many connections, the server shuts down, crashed or starts
		if (error instanceof pg.DatabaseError)
			return /^08|^53300|^57P0[1-3]/.test(error.code ?? "");
		// a socket's errors have a code, pg's own do not
		return (
			error instanceof Error &&
			("code" in error ||
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
		if (alive) this.#log.info("PostgreSQL is back");
		else this.#log.error({ err: why }, "PostgreSQL does not answer");
	}
}
