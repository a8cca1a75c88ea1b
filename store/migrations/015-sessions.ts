import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const sessions: Migration = {
	number: 15,
	name: "sessions",
	statements: [
		sql`create table sessions (
			hash text primary key,
			token_id uuid references tokens on delete cascade,
			token_hash text not null,
			created_at timestamptz not null,
			expires_at timestamptz not null
		)`,
		sql`create index sessions_of on sessions (token_hash, expires_at)`,
		sql`create index sessions_over on sessions (expires_at)`,
		// what a live stream has missed
		sql`create index events_at on events (at, seq, id)`,
	],
};
