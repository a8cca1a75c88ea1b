import type {
	PostgresCursor,
	PostgresPoolClient,
	PostgresQueryResult,
} from "kysely";

type Run = (
	sql: string,
	parameters: readonly unknown[],
) => Promise<{ command: string; rowCount: number | null; rows: unknown[] }>;

/** A connection as Kysely asks for one, from what runs a statement on it. */
export class PoolClient implements PostgresPoolClient {
	readonly #run: Run;
	readonly release: () => void;

	constructor(run: Run, release: () => void) {
		this.#run = run;
		this.release = release;
	}

	query<R>(
		sql: string,
		parameters: readonly unknown[],
	): Promise<PostgresQueryResult<R>>;
	query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
	query<R>(
		sql: string | PostgresCursor<R>,
		parameters: readonly unknown[] = [],
	): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
		if (typeof sql !== "string") throw new Error("Cursors are not used here");
		// The rows are what the statement selects, which Kysely has typed as R; it only compares `command` with four words.
		return this.#run(sql, parameters) as Promise<
			PostgresQueryResult<unknown>
		> as Promise<PostgresQueryResult<R>>;
	}
}
