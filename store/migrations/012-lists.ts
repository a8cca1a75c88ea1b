import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { fillActiveflowIds } from "../activeflows.js";
import type { Migration } from "../migrate.js";

export const lists: Migration = {
	number: 12,
	name: "lists",
	statements: [
		// a page of an account's calls, the newest first, is found without the others, whatever they are looked for by
		sql`create index calls_of on calls (cloud_id, created_at, id)`,
		sql`create index calls_of_status on calls (cloud_id, status, created_at, id)`,
		sql`create index calls_of_outcome on calls (cloud_id, outcome, created_at, id) where outcome is not null`,
		sql`create index calls_of_number on calls (cloud_id, number, created_at, id)`,
		sql`drop index calls_of_parent`,
		sql`create index calls_of_parent on calls (parent_call_id, created_at, id) where parent_call_id is not null`,
		// PostgreSQL by itself makes no UUID of version 5; null: an older version has made the call
		sql`alter table calls add activeflow_id uuid`,
		sql`create index calls_without_activeflow on calls (id) where activeflow_id is null`,
		sql`create unique index calls_of_activeflow on calls (activeflow_id) where activeflow_id is not null`,
		// what all instances sign with, by what it is for
		sql`create table service_secrets (name text primary key, secret text not null)`,
		sql`insert into service_secrets (name, secret) values ('recording_links', ${randomBytes(32).toString("hex")})`,
	],
	afterwards: fillActiveflowIds,
};
