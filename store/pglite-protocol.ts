import type { QueryAnswer } from "./pglite-engine.js";

/** What the database's thread is started for: to make an empty database and end, or to serve one. */
export interface WorkerTask {
	folder: string;
	create: boolean;
}

/** To the thread: one query at a time, or the end. */
export type Request =
	| { id: number; sql: string; parameters: readonly unknown[] }
	| { id: number; close: true };

export type Reply =
	| { id: number; answer: QueryAnswer }
	| { id: number; error: ErrorFields };

/** An error as it crosses the thread: structured cloning drops what PostgreSQL says beside the message. */
export interface ErrorFields {
	message: string;
	/** SQLSTATE, where PostgreSQL said no. */
	code?: string;
	constraint?: string;
}

/** The id of the reply that says the task is done or the database open; requests count from 1. */
export const OPENING = 0;
