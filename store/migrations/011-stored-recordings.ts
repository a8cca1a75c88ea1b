import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const storedRecordings: Migration = {
	number: 11,
	name: "stored recordings",
	statements: [
		// what a bucket may have, from before it is put there: no call's end takes the row with it
		sql`create table stored_recordings (
			call_id uuid not null,
			attempt integer not null,
			owner integer references instances on delete set null,
			primary key (call_id, attempt)
		)`,
		sql`create index stored_recordings_owned on stored_recordings (owner) where owner is not null`,
	],
};
