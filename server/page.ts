import { z } from "zod";
import { readQuery } from "./read-input.js";

const size = "a whole number from 1 to 100 is wanted, once";

/** Parameters of every list; `readToken` gives null for a token that is not its own. */
export const pagingBy = <Position>(
	readToken: (token: string) => Position | null,
) => ({
	page_size: z.coerce
		.number({ error: size })
		.int({ error: size })
		.min(1, { error: size })
		.max(100, { error: size })
		.default(50)
		.describe("How many entries, 1 to 100"),
	page_token: z
		.string({ error: "write it once" })
		.transform(readToken)
		.refine((after) => after !== null, {
			error: "take it as it came, from next_page_token",
		})
		.optional()
		.describe("The next_page_token of the page before"),
});

/** Parameters of every list that is ordered by a number. */
export const pageFields = pagingBy(readToken);

/** A page of a list that is ordered by a number: `size` entries after the one numbered `after`. */
export interface Page {
	size: number;
	after: number;
}

/** Reads page_size and page_token; throws BAD_REQUEST with what is wrong. */
export function readPage(given: Record<string, unknown>): Page {
	const { page_size, page_token } = readQuery(pageFields, given);
	return { size: page_size, after: page_token ?? 0 };
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
