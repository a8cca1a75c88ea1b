import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const calls: Migration = {
	number: 1,
	name: "calls",
	statements: [
		sql`create table calls (
			id uuid primary key,
			cloud_id text not null,
			status text not null
				check (status in ('queued', 'dialing', 'ringing', 'answered', 'ended')),
			outcome text,
			reason text,
			sip_status integer,
			number text not null,
			caller_id text not null,
			flow json not null,
			flow_hash text not null,
			variables json not null,
			metadata json,
			record boolean not null,
			publish json,
			created_at timestamptz not null,
			dialed_at timestamptz,
			answered_at timestamptz,
			ended_at timestamptz,
			recording json
		)`,
		sql`create index calls_unfinished on calls (created_at) where status <> 'ended'`,
		sql`create table events (
			id uuid not null,
			call_id uuid not null references calls (id) on delete cascade,
			seq integer not null,
			type text not null,
			at timestamptz not null,
			data json not null,
			primary key (call_id, seq)
		)`,
		sql`create table appointments (
			id uuid primary key,
			call_id uuid not null references calls (id) on delete cascade,
			cloud_id text not null,
			step_id text not null,
			entity text not null,
			date text not null,
			time text not null,
			timezone text not null,
			due_at timestamptz not null,
			number text not null,
			caller_id text not null,
			record boolean not null,
			status text not null default 'pending',
			created_at timestamptz not null default now()
		)`,
	],
};
