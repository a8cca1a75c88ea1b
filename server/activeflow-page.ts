import { NIL } from "uuid";
import { z } from "zod";
import type { Position } from "../store/store.js";
import { stampOf } from "./activeflow-view.js";
import { isOutside } from "./instant.js";
import { readQuery } from "./read-input.js";

const MOST = 100;
const size = `a number from 1 is wanted, and ${MOST} at the most are answered`;

export const paging = {
	page_size: z.coerce
		.number({ error: size })
		.int({ error: size })
		.min(1, { error: size })
		.transform((wanted) => Math.min(wanted, MOST))
		.default(MOST)
		.describe("So many at the most, 1 to 100; 100 where more is asked for"),
	page_token: z
		.string({ error: "write it once" })
		.transform((text) => (text === "" ? null : readToken(text)))
		.refine((after) => after !== undefined, {
			error:
				"take it as it came, from next_page_token, or write an instant such as 2030-10-11 20:48:00.000000",
		})
		.optional()
		.describe("The next_page_token of the page before"),
};
/** token-in-query.ts reads them. */
const queryCredentials = {
	token: z.unknown().optional(),
	accesskey: z.unknown().optional(),
};

/** Reads page_size and page_token as clients of activeflows send them; throws BAD_REQUEST with what is wrong. */
export function readActiveflowPage(given: Record<string, unknown>): {
	after: Position | null;
	limit: number;
} {
	const { page_size, page_token } = readQuery(paging, given, queryCredentials);
	return { limit: page_size, after: page_token ?? null };
}

/** As many digits as 128 bits take. */
const ID_DIGITS = 39;

/**
 * The instant of the last entry, in the form of `tm_create`; its further digits are the call's id, so that in the order of these
 * numbers, which is that of the list, no two are the same.
 */
export function activeflowToken({ at, id }: Position): string {
	const digits = BigInt(`0x${id.replaceAll("-", "")}`).toString();
	return stampOf(at) + digits.padStart(ID_DIGITS, "0");
}

const token =
	/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(?:(\d{1,6})|(\d{3})000(\d{39})))?$/;

/** Also what a client has made of a `tm_create`: then what was created before. Undefined if it is neither. */
function readToken(text: string): Position | undefined {
	const found = token.exec(text);
	if (!found) return undefined;
	const [, date, time, plain = "", millis, digits] = found;
	const fraction = plain.padEnd(6, "0");
	const written = Date.parse(
		`${date}T${time}.${millis ?? fraction.slice(0, 3)}Z`,
	);
	// calls are created at whole milliseconds: those before a part of one are those before the next
	const at = fraction.endsWith("000") ? written : written + 1;
	const id = digits === undefined ? NIL : idOf(BigInt(digits));
	if (Number.isNaN(at) || isOutside(at) || id === undefined) return undefined;
	return { at, id };
}

function idOf(number: bigint): string | undefined {
	const hex = number.toString(16).padStart(32, "0");
	return hex.length === 32
		? hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
		: undefined;
}
