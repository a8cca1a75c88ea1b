import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const traces: Migration = {
	number: 10,
	name: "traces",
	statements: [
		// the trace that a call belongs to, where it was posted with one
		sql`alter table calls add traceparent text`,
		// an endpoint's oldest is found without the others
		sql`drop index deliveries_to`,
		sql`create index deliveries_to on deliveries (endpoint_id, at) where status = 'pending'`,
	],
};
