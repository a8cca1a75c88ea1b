import { type Kysely, sql } from "kysely";
import type { Tables } from "./schema.js";

/** A table as the database's catalog has it. */
export interface Table {
	name: string;
	/** In the order in which they were added. */
	columns: {
		name: string;
		type: string;
		nullable: boolean;
		default: string | null;
	}[];
	/** Primary, unique and foreign keys and checks, each as it is declared. */
	constraints: string[];
	/** Those of no constraint. */
	indexes: string[];
	triggers: string[];
}

/**
 * Every table of the current schema, by name. Each part is what PostgreSQL itself writes of it, the same from version 15 to 18;
 * what 18 keeps as a constraint for each NOT NULL is left out, for the column says it.
 */
export async function readCatalog(db: Kysely<Tables>): Promise<Table[]> {
	const { rows } = await sql<Table>`
		select
			relname as name,
			to_json(array(
				select json_build_object(
					'name', attname,
					'type', format_type(atttypid, atttypmod),
					'nullable', not attnotnull,
					'default', case when attidentity <> '' then 'identity' else pg_get_expr(adbin, adrelid) end
				)
				from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
				where attrelid = tables.oid and attnum > 0 and not attisdropped
				order by attnum
			)) as columns,
			to_json(array(
				select pg_get_constraintdef(oid)
				from pg_constraint where conrelid = tables.oid and contype in ('p', 'u', 'f', 'c')
				order by position(contype in 'pufc'), conname collate "C"
			)) as constraints,
			to_json(array(
				select pg_get_indexdef(indexrelid)
				from pg_index join pg_class as index on index.oid = indexrelid
				where indrelid = tables.oid and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u'))
				order by index.relname collate "C"
			)) as indexes,
			to_json(array(
				select pg_get_triggerdef(oid) from pg_trigger where tgrelid = tables.oid and not tgisinternal
				order by tgname collate "C"
			)) as triggers
		from pg_class as tables
		where relkind = 'r' and relnamespace = current_schema()::regnamespace
		order by relname collate "C"`.execute(db);
	return rows;
}
