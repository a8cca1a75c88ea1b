import { z } from "zod";

// Parts of what routes answer. Each view stands beside a schema of its answer, which the API's description is made of.

/** An instant, as every answer writes one. */
export const instantAnswer = (says: string) =>
	z.iso.datetime().describe(`${says}: ISO 8601, UTC, milliseconds`);

/** One that may not have come yet. */
export const instantOrNull = (says: string) =>
	z.iso.datetime().nullable().describe(`${says}; null if it has not come`);

/** A page of a list. */
export const pageAnswer = <Item extends z.ZodType>(item: Item) =>
	z.object({
		result: z.array(item).describe("The entries of this page"),
		next_page_token: z
			.string()
			.nullable()
			.describe("Send it as page_token for the next page; null on the last"),
	});
