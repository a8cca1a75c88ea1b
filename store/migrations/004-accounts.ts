import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const accounts: Migration = {
	number: 4,
	name: "accounts",
	statements: [
		sql`create table accounts (
			cloud_id text primary key,
			number integer generated always as identity unique,
			cloud_sid text,
			name text not null,
			limits jsonb not null,
			created_at timestamptz not null
		)`,
		sql`create table tokens (
			id uuid primary key,
			number integer generated always as identity unique,
			cloud_id text not null references accounts on delete cascade,
			name text not null,
			hash text not null,
			previous_hash text,
			previous_until timestamptz,
			scopes json not null,
			created_at timestamptz not null,
			expires_at timestamptz,
			revoked_at timestamptz,
			last_used_at timestamptz
		)`,
		sql`create index tokens_of on tokens (cloud_id, number)`,
		// an owner has not answered yet: what it leaves behind goes with it
		sql`create table idempotency_keys (
			cloud_id text not null,
			key text not null,
			body_hash text not null,
			owner integer references instances on delete cascade,
			call_id uuid,
			answer json,
			created_at timestamptz not null,
			primary key (cloud_id, key)
		)`,
		sql`create index idempotency_keys_owned on idempotency_keys (owner) where owner is not null`,
		sql`create index idempotency_keys_made on idempotency_keys (created_at)`,
	],
};
