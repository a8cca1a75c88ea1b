import { type RawBuilder, sql } from "kysely";

/**
 * Whether the row at hand is the instance's, as a check beside its key. By `=` rows would be found, as long as nobody has counted them:
 * each would be compared with all that the instance owns (PGlite, 40 of 2,000 deliveries settled: 10 ms instead of 2).
 */
export const isOwn = (column: string, owner: RawBuilder<unknown> | number) =>
	sql<boolean>`int4eq(${sql.ref(column)}, ${owner})`;
