import { sql } from "kysely";
import type { Migration } from "../migrate.js";

export const causes: Migration = {
	number: 13,
	name: "causes",
	statements: [
		// why a call ended, as its last event tells
		sql`alter table calls add q850_cause integer, add detail text, add step_id text`,
	],
};
