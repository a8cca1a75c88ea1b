import type { PostgresPool } from "kysely";

/** A PostgreSQL, whichever it is, in the shape that Kysely's dialect takes. */
export interface Database extends PostgresPool {
	/** False while nothing can be kept. */
	readonly alive: boolean;
	/** Calls `listener` once it is gone for good; a server that can come back never is. */
	onLost(listener: () => void): void;
	/** Whether the connection ended before the answer came: what was asked for may have been done, or not. */
	isInterruption(error: unknown): boolean;
}
