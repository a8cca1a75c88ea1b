import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const lines: Migration = {
	number: 8,
	name: "lines",
	statements: [
		// first attempts wait in line, one instance at a time sends them; only retries wait for an instant
		sql`alter table webhook_endpoints add feeder integer references instances on delete set null`,
		sql`create index webhook_endpoints_fed on webhook_endpoints (feeder) where feeder is not null`,
		sql`create index webhook_endpoints_disabled on webhook_endpoints (id) where status = 'disabled'`,
		sql`drop index deliveries_due`,
		sql`create index deliveries_due on deliveries (due_at) where status = 'pending' and owner is null and attempts > 0`,
		sql`create index deliveries_line on deliveries (endpoint_id, at, seq) where status = 'pending' and owner is null and attempts = 0`,
	],
};
