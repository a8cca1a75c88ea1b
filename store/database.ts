import type { PostgresPool } from "kysely";

/** A PostgreSQL, whichever it is, in the shape that Kysely's dialect takes. */
export interface Database extends PostgresPool {
	/** False while nothing can be kept. */
	readonly alive: boolean;
	/** Calls `listener` once it is gone for good; a server that can come back never is. */
	onLost(listener: () => void): void;
	/** Whether other processes can be connected too. */
	readonly isShared: boolean;
	/** Runs a statement in a session that lasts as long as this one is there, and again in a new one when that is lost. */
	hold(statement: string): Promise<void>;
	/** Runs a statement in the session that is held; rejects while there is none. */
	inHeld<Row>(statement: string, values: readonly unknown[]): Promise<Row[]>;
	/** Calls `listener` with what others send to a channel, as long as a session is held; one that nobody shares hears nothing. */
	listen(channel: string, listener: (payload: string) => void): Promise<void>;
	/** Sends to every process that listens. */
	notify(channel: string, payload: string): Promise<void>;
	/** Whether the connection ended before the answer came: what was asked for may have been done, or not. */
	isInterruption(error: unknown): boolean;
}
