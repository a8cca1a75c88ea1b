import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const deliveries: Migration = {
	number: 2,
	name: "deliveries",
	statements: [
		// what one of these owns goes back, ownerless, when its row goes
		sql`create sequence instance_numbers as integer`,
		sql`create table instances (
			number integer primary key,
			started_at timestamptz not null default now(),
			seen_at timestamptz not null default now()
		)`,
		sql`alter table calls add owner integer references instances on delete set null`,
		sql`create index calls_owned on calls (owner) where owner is not null`,
		sql`create table webhook_endpoints (
			id uuid primary key,
			cloud_id text not null,
			url text not null,
			status text not null default 'enabled' check (status in ('enabled', 'disabled')),
			detail text,
			created_at timestamptz not null
		)`,
		sql`create index webhook_endpoints_of on webhook_endpoints (cloud_id, created_at, id)`,
		sql`create table webhook_secrets (
			id uuid primary key,
			cloud_id text not null,
			secret text not null,
			created_at timestamptz not null,
			expires_at timestamptz
		)`,
		sql`create index webhook_secrets_of on webhook_secrets (cloud_id, created_at)`,
		sql`create table deliveries (
			event_id uuid primary key,
			call_id uuid not null,
			seq integer not null,
			at timestamptz not null,
			cloud_id text not null,
			endpoint_id uuid not null references webhook_endpoints,
			method text not null,
			status text not null default 'pending' check (status in ('pending', 'delivered', 'dead')),
			attempts integer not null default 0,
			due_at timestamptz not null,
			owner integer references instances on delete set null,
			last_at timestamptz,
			last_status integer,
			last_detail text,
			foreign key (call_id, seq) references events (call_id, seq) on delete cascade
		)`,
		sql`create index deliveries_owned on deliveries (owner) where owner is not null`,
		sql`create index deliveries_due on deliveries (due_at) where status = 'pending' and owner is null`,
		sql`create index deliveries_of_call on deliveries (call_id, seq)`,
		sql`create index deliveries_listed on deliveries (cloud_id, at desc, event_id desc)`,
		sql`create index deliveries_unsent on deliveries (cloud_id, status, at desc, event_id desc) where status <> 'delivered'`,
		sql`create index deliveries_to on deliveries (endpoint_id) where status = 'pending'`,
	],
};
