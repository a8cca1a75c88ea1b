import {
	type CountryCode,
	getCountries,
	getCountryCallingCode,
	type NumberType,
	parsePhoneNumberFromString,
} from "libphonenumber-js/max";
import type { Limits } from "./limits.js";
import { isNumber } from "./phone.js";

/** Where a number leads. */
export interface Destination {
	/** ISO 3166-1 alpha-2; null where it has none, or that cannot be told. */
	country: CountryCode | null;
	kind: Kind;
}

type Kind =
	| Lowercase<Exclude<NumberType, undefined>>
	/** As it is dialled here or on the trunk: short numbers, national ones. */
	| "local"
	/** Satellites and other networks that belong to no country, and their like. */
	| "global"
	| "unknown";

/** A number without + of up to so many digits is local: none that leads abroad is that short. */
const LONGEST_LOCAL = 7;

/**
 * Codes that no country has (ITU-T E.164 Annex D: satellites 870 and 881, former Inmarsat 871 to 874, personal 878, networks
 * 882 and 883, disaster relief 888, shared cost 808, premium rate 979), and +1 900, whatever its later digits.
 */
const GLOBAL = /^(?:808|87[0-48]|88[1238]|979|1900)/;

/** Refused unless an allow prefix names them: who owns one is paid for every minute. */
const costly: { readonly [K in Kind]?: string } = {
	premium_rate: "a premium rate number",
	shared_cost: "a shared cost number",
	personal_number: "a personal number, which costs what its owner likes",
	pager: "a pager",
	global: "a satellite or another network that belongs to no country",
};

/** The number as E.164 has it, without +; null for a local one. */
function internationalOf(number: string): string | null {
	if (number.startsWith("+")) return number.slice(1);
	if (number.length <= LONGEST_LOCAL) return null;
	// what leads abroad from most of the world, from North America and from Australia
	const prefix = /^(?:0011|011|00)(?=[1-9])/.exec(number)?.[0];
	if (prefix) return number.slice(prefix.length);
	return /^0[^0]/.test(number) ? null : number;
}

/** Null for what is no number: an address, an entity's id. */
export function destinationOf(number: string): Destination | null {
	if (!isNumber(number)) return null;
	const digits = internationalOf(number);
	if (digits === null) return { country: null, kind: "local" };
	if (GLOBAL.test(digits)) return { country: null, kind: "global" };
	// a network leaves out digits that are too many, so what they are behind counts
	for (let length = digits.length; length > LONGEST_LOCAL; length--) {
		const parsed = parsePhoneNumberFromString(`+${digits.slice(0, length)}`);
		const type = parsed?.getType();
		if (!type) continue;
		const kind = type.toLowerCase() as Lowercase<typeof type>; // its type says no more than that it is a string
		return { country: parsed?.country ?? null, kind };
	}
	const country = parsePhoneNumberFromString(`+${digits}`)?.country ?? null;
	return { country, kind: "unknown" };
}

/** Why an account may not ring a number, and what to do, in words; null if it may, or if it is no number. */
export function refusal(number: string, limits: Limits): string | null {
	const destination = destinationOf(number);
	if (!destination) return null;
	const digits = internationalOf(number);
	const { allow_prefixes = [], block_prefixes = [] } = limits;
	const matches = (prefix: string) =>
		prefix.startsWith("+")
			? digits?.startsWith(prefix.slice(1))
			: number.startsWith(prefix) || digits?.startsWith(prefix);
	const allowed = longest(allow_prefixes.filter(matches));
	const blocked = longest(block_prefixes.filter(matches));
	if (blocked && size(blocked) >= size(allowed))
		return `the account's block_prefixes name ${blocked}; ring another number, or have a longer prefix put into allow_prefixes`;
	if (digits === null) return null;
	if (digits.startsWith("0"))
		return "no country's code begins with 0; write + and the country's code";
	const code = callingCode(digits);
	const cost = costly[destination.kind];
	// a whole country's prefix names none of its costly ranges
	const names = code === "" ? 3 : code.length + 1;
	if (cost && size(allowed) < names)
		return `this leads to ${cost}${unwritten(number)}; ring another number, or have a prefix of it put into the account's allow_prefixes`;
	if (
		!allowed &&
		allow_prefixes.some((one) => one.startsWith(`+${code || "-"}`))
	)
		return `the account's allow_prefixes name other numbers of +${code} only; ring one of those, or have its prefix put there`;
	return null;
}

const unwritten = (number: string) =>
	number.startsWith("+")
		? ""
		: " (8 digits and more are read as if + stood in front)";

/** Digits of a prefix; -1 where there is none. */
const size = (prefix: string | undefined) =>
	prefix === undefined ? -1 : prefix.replace("+", "").length;

const longest = (prefixes: string[]) =>
	prefixes.reduce<string | undefined>(
		(best, one) => (size(one) > size(best) ? one : best),
		undefined,
	);

const callingCodes: ReadonlySet<string> = new Set(
	getCountries().map((country) => getCountryCallingCode(country)),
);

/** A country's code, or that of several that share one; empty where there is none. */
function callingCode(digits: string): string {
	const found = [1, 2, 3]
		.map((length) => digits.slice(0, length))
		.find((code) => callingCodes.has(code));
	return found ?? "";
}
