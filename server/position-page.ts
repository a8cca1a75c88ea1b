import type { z } from "zod";
import type { Position } from "../store/store.js";
import { isOutside } from "./instant.js";
import { pagingBy } from "./page.js";
import { readQuery } from "./read-input.js";

const paging = pagingBy(readToken);

/** Reads page_size, page_token and a list's own filters; throws BAD_REQUEST with all that is wrong. */
export function readPositionPage<S extends z.ZodRawShape>(
	filters: S,
	given: Record<string, unknown>,
): {
	size: number;
	after: Position | null;
	filter: z.infer<z.ZodObject<S>>;
} {
	const { page_size, page_token } = readQuery(paging, given, filters);
	const filter = readQuery(filters, given, paging);
	return { size: page_size, after: page_token ?? null, filter };
}

/** A page of a list in the order of an instant and an id, from one entry more than it holds. */
export function positionPage<Entry, View>(
	found: readonly Entry[],
	size: number,
	positionOf: (entry: Entry) => Position,
	view: (entry: Entry) => View,
): { result: View[]; next_page_token: string | null } {
	const page = found.slice(0, size);
	const last = page.at(-1);
	return {
		result: page.map(view),
		next_page_token:
			last && found.length > size ? token(positionOf(last)) : null,
	};
}

/** Where the next page begins, for the client to hand back as it is. */
const token = ({ at, id }: Position): string =>
	Buffer.from(`after ${at} ${id}`).toString("base64url");

function readToken(text: string): Position | null {
	const [, at, id] =
		/^after ([0-9]{1,15}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(
			Buffer.from(text, "base64url").toString(),
		) ?? [];
	return id !== undefined && !isOutside(Number(at))
		? { at: Number(at), id }
		: null;
}
