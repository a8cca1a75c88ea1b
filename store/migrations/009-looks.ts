import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const looks: Migration = {
	number: 9,
	name: "looks",
	statements: [
		// of the server that it was renewed at: only there does its lock tell anything
		sql`alter table instances add server_started_at timestamptz`,
		// what is looked for every few seconds is found without what waits beside it
		sql`create index calls_left on calls (due_at)
			where owner is null and status in ('dialing', 'ringing', 'answered')`,
		sql`create index calls_waiting on calls (due_at, id) where status in ('scheduled', 'queued')`,
	],
};
