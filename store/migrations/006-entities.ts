import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const entities: Migration = {
	number: 6,
	name: "entities",
	statements: [
		sql`create table entities (
			cloud_id text not null references accounts on delete cascade,
			id text collate "C" not null,
			kind text not null check (kind in ('user', 'team')),
			name text not null,
			targets jsonb not null,
			strategy text not null check (strategy in ('all', 'in_order')),
			created_at timestamptz not null,
			updated_at timestamptz not null,
			primary key (cloud_id, id)
		)`,
		sql`create table recordings (
			id uuid primary key,
			cloud_id text not null,
			call_id uuid not null references calls (id) on delete cascade,
			attempt integer not null,
			path text not null,
			bytes bigint not null,
			duration double precision not null,
			created_at timestamptz not null,
			deleted_at timestamptz,
			unique (call_id, attempt)
		)`,
		// every attempt wrote into the first one's file
		sql`insert into recordings (id, cloud_id, call_id, attempt, path, bytes, duration, created_at)
			select gen_random_uuid(), cloud_id, id, 1, recording->>'path', (recording->>'bytes')::bigint,
				(recording->>'duration_s')::double precision, coalesce(ended_at, now())
			from calls where recording is not null and json_typeof(recording) = 'object'`,
		sql`alter table calls drop recording`,
	],
};
