import { z } from "zod";
import { Fault } from "../core/fault.js";
import { at, problem } from "../flow/problem.js";

/** Parameters of every list that is ordered by a number. */
export const pageFields = {
	page_size: z.coerce
		.number({ error: "a number from 1 to 100 is wanted" })
		.int()
		.min(1)
		.max(100)
		.default(50),
	page_token: z
		.string()
		.transform(readToken)
		.refine((after) => after !== null, {
			error: "take it as it came, from next_page_token",
		})
		.optional(),
};
const query = z.strictObject(pageFields);

/** A page of a list that is ordered by a number: `size` entries after the one numbered `after`. */
export interface Page {
	size: number;
	after: number;
}

/** Reads page_size and page_token; throws BAD_REQUEST with what is wrong. */
export function readPage(given: Record<string, unknown>): Page {
	const { success, data, error } = query.safeParse(given);
	if (success) return { size: data.page_size, after: data.page_token ?? 0 };
	const problems = error.issues.flatMap((issue) =>
		issue.code === "unrecognized_keys"
			? issue.keys.map((key) =>
					problem(
						at("$", key),
						given[key],
						"the query takes page_size and page_token",
					),
				)
			: issue.path.map((key) =>
					problem(`$.${String(key)}`, given[String(key)], issue.message),
				),
	);
	throw new Fault("BAD_REQUEST", "The query is not right", { problems });
}

/** Where the next page begins, for the client to hand back as it is. */
export function pageToken(after: number): string {
	return Buffer.from(`after ${after}`).toString("base64url");
}

function readToken(token: string): number | null {
	const [, after] =
		/^after ([0-9]{1,9})$/.exec(Buffer.from(token, "base64url").toString()) ??
		[];
	return after === undefined ? null : Number(after);
}
