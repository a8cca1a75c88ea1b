import { sql } from "kysely";
import { storableJson } from "./json.js";

/** Whether a column is one of `values`. They are one parameter, however many there are: the statement stays the same. */
export const isOneOf = (
	column: string,
	values: readonly string[],
	type: "text" | "uuid" = "text",
) =>
	sql<boolean>`${sql.ref(column)} = any (array(select json_array_elements_text(${storableJson(values)}::json)::${sql.raw(type)}))`;
