import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const attempts: Migration = {
	number: 3,
	name: "attempts",
	statements: [
		sql`alter table calls drop constraint calls_status_check`,
		sql`alter table calls add constraint calls_status_check
			check (status in ('scheduled', 'queued', 'dialing', 'ringing', 'answered', 'ended'))`,
		// of the attempt that comes next or is being made
		sql`alter table calls add attempt integer not null default 1`,
		sql`alter table calls add due_at timestamptz`,
		sql`update calls set due_at = created_at`,
		sql`alter table calls alter due_at set not null`,
		sql`alter table calls add retry json`,
		sql`alter table calls add parent_call_id uuid`,
		sql`alter table calls add callback_id uuid`,
		sql`alter table calls add schedule_id uuid`,
		sql`alter table calls add stop_asked boolean not null default false`,
		sql`drop index calls_unfinished`,
		sql`create index calls_due on calls (due_at) where status <> 'ended' and owner is null`,
		sql`create index calls_due_of on calls (cloud_id, due_at) where status <> 'ended' and owner is null`,
		sql`create index calls_of_parent on calls (parent_call_id) where parent_call_id is not null`,
		// what is up, or may be: drachtio-server's name of each dialog is known before its INVITE
		sql`create table legs (
			dialog_id text primary key,
			transaction_id text,
			call_id uuid not null references calls (id) on delete cascade
		)`,
		sql`create index legs_of_call on legs (call_id)`,
	],
};
