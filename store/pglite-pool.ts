import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { PostgresPoolClient } from "kysely";
import type { Log } from "../core/log.js";
import type { Database } from "./database.js";
import type { QueryAnswer } from "./pglite-engine.js";
import { OPENING, type Reply, type WorkerTask } from "./pglite-protocol.js";
import { PoolClient } from "./pool-client.js";

/** What PostgreSQL refused, with its SQLSTATE; without a code the database itself is gone. */
export class DatabaseError extends Error {
	override readonly name = "DatabaseError";
	readonly code: string | undefined;
	readonly constraint: string | undefined;

	constructor(text: string, code?: string, constraint?: string) {
		super(text);
		this.code = code;
		this.constraint = constraint;
	}
}

/**
 * Whether the database said no and is well. Out of resources (53), a system or an internal error (58, XX), or none of
 * PostgreSQL's own: it is not, and may hang at the next query (measured, disk full). A server would restart then.
 */
function isRefusal(code: string | undefined): boolean {
	return code !== undefined && !/^(?:53|58|XX)/.test(code);
}

interface Waiter {
	resolve(answer: QueryAnswer): void;
	reject(error: Error): void;
}

/**
 * One connection to a PGlite that runs in a thread of its own, in the shape of a `pg` pool: Kysely's PostgreSQL dialect
 * takes either. The main thread only posts SQL and parameters, so that no query holds up signalling.
 */
export class PglitePool implements Database {
	readonly isShared = false;
	readonly #worker: Worker;
	readonly #waiting = new Map<number, Waiter>();
	readonly #queue: (() => void)[] = [];
	#busy = false;
	/** Whether the end of the thread would be a surprise. */
	#serving = false;
	#lastId = OPENING;
	readonly #log: Log;
	#lost: DatabaseError | undefined;
	#onLost = () => {};

	private constructor(task: WorkerTask, log: Log) {
		this.#log = log;
		this.#worker = new Worker(new URL("./pglite-worker.js", import.meta.url), {
			workerData: task,
		});
		this.#worker.on("message", (reply: Reply) => this.#settle(reply));
		this.#worker.on("error", (error) => this.#lose(error.message));
		this.#worker.on("exit", () => this.#lose("its thread ended"));
	}

	/** Opens the database in `folder`, making it first where there is none. */
	static async open(folder: string, log: Log): Promise<PglitePool> {
		// In a thread of its own: making a database takes 500 MB, which go back when the thread ends.
		if (!existsSync(folder)) {
			log.info({ folder }, "the database is made, which takes some seconds");
			const maker = new PglitePool({ folder, create: true }, log);
			await maker.#reply(OPENING);
			await maker.#worker.terminate();
		}
		const pool = new PglitePool({ folder, create: false }, log);
		await pool.#reply(OPENING);
		pool.#serving = true;
		return pool;
	}

	/** False once the database's thread is gone: every query is refused from then on. */
	get alive(): boolean {
		return this.#lost === undefined;
	}

	/** Calls `listener` if the database's thread ends though nobody closed it. */
	onLost(listener: () => void): void {
		this.#onLost = listener;
	}

	/** It has one session only. */
	async hold(statement: string): Promise<void> {
		await this.inHeld(statement, []);
	}

	async inHeld<Row>(
		statement: string,
		values: readonly unknown[],
	): Promise<Row[]> {
		const client = await this.connect();
		try {
			return (await client.query<Row>(statement, values)).rows;
		} finally {
			client.release();
		}
	}

	/** Nobody else is there. */
	async listen(): Promise<void> {}

	async notify(): Promise<void> {}

	/** Its thread and this one end together. */
	isInterruption(): boolean {
		return false;
	}

	/** Waits for its turn: first come, first served. */
	async connect(): Promise<PostgresPoolClient> {
		if (this.#busy)
			await new Promise<void>((resolve) => this.#queue.push(resolve));
		this.#busy = true;
		return new PoolClient(
			(sql, parameters) => this.#ask({ sql, parameters }),
			() => this.#handOver(),
		);
	}

	/** Waits for its turn, then closes the database. */
	async end(): Promise<void> {
		const { release } = await this.connect();
		this.#serving = false;
		try {
			if (this.alive) await this.#ask({ close: true });
		} finally {
			await this.#worker.terminate();
			release();
		}
	}

	#handOver(): void {
		const next = this.#queue.shift();
		if (next) next();
		else this.#busy = false;
	}

	#ask(
		request: { sql: string; parameters: readonly unknown[] } | { close: true },
	): Promise<QueryAnswer> {
		if (this.#lost) return Promise.reject(this.#lost);
		const id = ++this.#lastId;
		this.#worker.postMessage({ id, ...request });
		return this.#reply(id);
	}

	#reply(id: number): Promise<QueryAnswer> {
		return new Promise((resolve, reject) => {
			this.#waiting.set(id, { resolve, reject });
		});
	}

	#settle(reply: Reply): void {
		const waiter = this.#waiting.get(reply.id);
		this.#waiting.delete(reply.id);
		if ("answer" in reply) {
			waiter?.resolve(reply.answer);
		} else {
			const { message, code, constraint } = reply.error;
			waiter?.reject(new DatabaseError(message, code, constraint));
			if (reply.id !== OPENING && !isRefusal(code)) {
				this.#lose(message);
				void this.#worker.terminate();
			}
		}
	}

	#lose(why: string): void {
		if (this.#lost) return;
		this.#lost = new DatabaseError(`The database is gone: ${why}`);
		if (this.#serving) this.#log.fatal(this.#lost.message);
		for (const waiter of this.#waiting.values()) waiter.reject(this.#lost);
		this.#waiting.clear();
		if (this.#serving) this.#onLost();
	}
}
