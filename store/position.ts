import { sql } from "kysely";
import type { Position } from "./new-call.js";

/** On the other side of a position, in the order of an instant and, where that is the same, an id. */
export function beyond(
	instant: string,
	id: string,
	side: "<" | ">",
	position: Position | null,
) {
	const at = new Date(position?.at ?? 0);
	return sql<boolean>`(${sql.ref(instant)}, ${sql.ref(id)}) ${sql.raw(side)} (${at}::timestamptz, ${position?.id ?? null}::uuid)`;
}
