import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const retention: Migration = {
	number: 7,
	name: "retention",
	statements: [
		// by event, each one that is deleted was a look-up of its own: most of what deleting a call took
		sql`alter table deliveries drop constraint deliveries_call_id_seq_fkey`,
		sql`alter table deliveries add foreign key (call_id) references calls on delete cascade`,
		sql`create index calls_ended on calls (ended_at, id) where status = 'ended'`,
		// without it each call that is deleted reads all callbacks, for the foreign key
		sql`create index callbacks_of_parent on callbacks (parent_call_id) where parent_call_id is not null`,
		sql`create index callbacks_over on callbacks (updated_at) where status in ('completed', 'failed', 'canceled')`,
		sql`create index recordings_kept on recordings (created_at) where deleted_at is null`,
		sql`create index webhook_secrets_replaced on webhook_secrets (expires_at) where expires_at is not null`,
	],
};
