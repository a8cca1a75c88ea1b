import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const causes: Migration = {
	number: 13,
	name: "causes",
	statements: [
		// why a call ended, as its last event tells
		sql`alter table calls add q850_cause integer, add detail text, add step_id text`,
		// SIP messages of each attempt that has ended
		sql`create table sip_traces (
			call_id uuid not null references calls (id) on delete cascade,
			attempt integer not null,
			messages json not null,
			primary key (call_id, attempt)
		)`,
	],
};
