import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const callbacks: Migration = {
	number: 5,
	name: "callbacks",
	statements: [
		sql`create table callbacks (
			id uuid primary key,
			cloud_id text not null,
			parent_call_id uuid references calls (id) on delete set null,
			step_id text,
			entity text not null,
			date text not null,
			time text not null,
			timezone text not null,
			due_at timestamptz not null,
			resolution text not null check (resolution in ('exact', 'gap', 'overlap')),
			tzdata text not null,
			number text not null,
			caller_id text not null,
			record boolean not null,
			publish json,
			metadata json,
			retry json not null,
			status text not null default 'pending'
				check (status in ('pending', 'calling', 'completed', 'failed', 'canceled')),
			detail text,
			fired_call_id uuid,
			created_at timestamptz not null,
			updated_at timestamptz not null
		)`,
		sql`create index callbacks_due on callbacks (due_at) where status = 'pending'`,
		sql`create index callbacks_resolved on callbacks (tzdata collate "C") where status = 'pending'`,
		sql`create index callbacks_listed on callbacks (cloud_id, due_at, id)`,
		sql`create index callbacks_in_status on callbacks (cloud_id, status, due_at, id)`,
		sql`create index callbacks_of_entity on callbacks (cloud_id, entity, due_at, id)`,
		// nobody was called back until now: what is long past must not ring today; an empty tzdata is resolved anew
		sql`insert into callbacks (id, cloud_id, parent_call_id, step_id, entity, date, time, timezone, due_at, resolution, tzdata,
				number, caller_id, record, publish, metadata, retry, status, detail, created_at, updated_at)
			select old.id, old.cloud_id, call_id, step_id, entity, date, time, timezone, old.due_at, 'exact', '',
				old.number, old.caller_id, old.record, publish, metadata,
				'{"attempts":3,"interval":300,"on":["busy","no_answer","unreachable"]}',
				case when old.due_at > now() then 'pending' else 'failed' end,
				case when old.due_at <= now() then 'it was due before this version' end,
				old.created_at, now()
			from appointments old join calls on calls.id = call_id`,
		sql`drop table appointments`,
		// in the transaction that ends the call, whichever instance does
		sql`create function settle_callback() returns trigger language plpgsql as $$
			begin
				update callbacks set
					status = case new.outcome when 'answered' then 'completed' else 'failed' end,
					detail = case new.outcome when 'answered' then null else new.outcome end,
					updated_at = coalesce(new.ended_at, now())
				where id = new.callback_id and status = 'calling';
				return null;
			end
		$$`,
		sql`create trigger callback_settled after update of status on calls for each row
			when (new.status = 'ended' and old.status <> 'ended' and new.callback_id is not null)
			execute function settle_callback()`,
		sql`create table schedules (
			id uuid primary key,
			cloud_id text not null,
			cron text not null,
			timezone text not null,
			request json not null,
			missed text not null check (missed in ('skip', 'run_once')),
			status text not null default 'active' check (status in ('active', 'paused')),
			detail text,
			next_at timestamptz,
			last_at timestamptz,
			last_call_id uuid,
			created_at timestamptz not null
		)`,
		sql`create index schedules_due on schedules (next_at) where status = 'active'`,
		sql`create index schedules_listed on schedules (cloud_id, created_at, id)`,
	],
};
