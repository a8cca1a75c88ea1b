import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const controls: Migration = {
	number: 14,
	name: "controls",
	statements: [
		// what one instance asks of a call that another carries out; it is there until it is answered
		sql`create table controls (
			id uuid primary key,
			call_id uuid not null references calls on delete cascade,
			control jsonb not null,
			asked_at timestamptz not null default now(),
			expires_at timestamptz not null,
			taken boolean not null default false,
			answer jsonb
		)`,
		sql`create index controls_of_calls on controls (call_id)`,
		// the flow that an attempt was redirected to, and the seq of the event that tells of it; null: it walks that of the call
		sql`alter table calls add walked_flow json, add walked_flow_hash text, add walked_since integer`,
	],
};
