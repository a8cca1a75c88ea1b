import { z } from "zod";
import type { Entities } from "../core/entity.js";
import { checkUrl } from "../core/http.js";
import { isNumber } from "../core/phone.js";
import { parseSipAddress, type SipAddress } from "../core/sip-address.js";
import { namesIn } from "../core/template.js";
import type { CheckFacts, Finding } from "./step.js";

/** Characters; a minute of speech is about 900. */
const LONGEST_TEXT = 4_000;
const LONGEST_URL = 2_048;

/** Built-ins that only the service sets. */
const RESERVED = /^(call|http|connect)\./;

/** Whether only the service sets a variable of this name. */
export const isReserved = (name: string): boolean => RESERVED.test(name);

export const isTemplate = (text: string): boolean => namesIn(text).length > 0;

/** Ids are compared as strings: `1` and `"1"` are the same step. */
export const stepId = z
	.union(
		[
			z
				.string()
				.min(1)
				.max(64)
				.regex(/^\P{Cc}*$/u),
			z.number(),
		],
		{
			error:
				"write the id of a step: a string of 1 to 64 characters, none of them a control character, or a number",
		},
	)
	.transform(String);

export const nextStep = stepId
	.optional()
	.describe("The step that comes next; without it the flow ends");

/** The entries of a step's `flow`: edges by name. */
export const edgesNamed = <Name extends string>(names: readonly Name[]) =>
	z.strictObject(
		// Object.fromEntries forgets the keys; each name has exactly this schema.
		Object.fromEntries(
			names.map((name) => [
				name,
				stepId.optional().describe(`The step after ${name}`),
			]),
		) as {
			[N in Name]: z.ZodOptional<typeof stepId>;
		},
		{
			error: ({ code }) =>
				code === "unrecognized_keys"
					? `the edges of this step are ${names.join(" and ")}`
					: undefined,
		},
	);

/** A record of up to `most` entries. */
export const entries = (
	key: z.ZodType<string, string>,
	value: z.ZodType<string>,
	most: number,
) =>
	z
		.preprocess(
			(record, { addIssue }) => {
				// z.record leaves this name out in silence.
				if (Object.hasOwn(Object(record), "__proto__"))
					addIssue({
						code: "custom",
						message: "nothing can be named __proto__",
						path: ["__proto__"],
					});
				return record;
			},
			z.record(key, value),
		)
		.refine((record) => Object.keys(record).length <= most, {
			error: `write at most ${most} entries`,
		});

export const spokenText = z.string().min(1).max(LONGEST_TEXT);

/** Who is rung. Numbers may be written as JSON numbers; they become strings. */
export const target = stringOrNumber(256);

export const callerId = stringOrNumber(64).refine(isOneLine, {
	error: "a caller id is one line without control characters",
});

export const anonymous = z
	.boolean()
	.default(false)
	.describe(
		"Do not show the caller id (RFC 3323); a trunk gets it in P-Asserted-Identity",
	);

const MOST_SIP_HEADERS = 20;

/** Such as may be added without breaking what the service itself says. */
const sipHeaderName = z
	.string()
	.regex(/^(?:X-[A-Za-z0-9-]{1,60}|User-to-User)$/i, {
		error: "the name of a SIP header begins with X-, or is User-to-User",
	});

const sipHeaderValue = z.string().max(1_000).refine(isOneLine, {
	error: "a SIP header is one line of up to 1000 characters",
});

export const sipHeaders = entries(
	sipHeaderName,
	sipHeaderValue,
	MOST_SIP_HEADERS,
)
	.optional()
	.describe(
		"SIP headers of the INVITE: names that begin with X-, or User-to-User",
	);

function stringOrNumber(longest: number) {
	return z
		.union([z.string().min(1).max(longest), z.int().min(0)], {
			error: `write a string of 1 to ${longest} characters`,
		})
		.transform(String);
}

function isOneLine(text: string): boolean {
	return !/\p{Cc}/u.test(text);
}

/** Absolute http or https. With a template in it only the scheme is checked; the rest when it is filled. */
export const webUrl = z
	.string()
	.max(LONGEST_URL)
	.superRefine((url, issues) => {
		const complaint = isTemplate(url) ? checkScheme(url) : checkUrl(url);
		if (complaint)
			issues.addIssue({ code: "custom", message: `the address ${complaint}` });
	});

function checkScheme(url: string): string | null {
	const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
	return scheme === undefined || scheme === "http" || scheme === "https"
		? null
		: `begins with ${scheme}: but only http: and https: are allowed`;
}

export const seconds = (least: number, most: number) =>
	z.number().min(least).max(most);

export const variableName = z
	.string()
	.regex(/^[A-Za-z0-9_.-]{1,64}$/, {
		error: "a variable's name is 1 to 64 letters, digits, _, - and .",
	})
	.refine((name) => !RESERVED.test(name), {
		error: "names that start with call., http. or connect. are the service's",
	});

/** Of whom nothing will be asked; and what no value can make right: one is percent-encoded, so it can be a part of an address, never the whole. */
export function checkStart(
	url: string | undefined,
	{ refuses }: Pick<CheckFacts, "refuses">,
): Finding[] {
	if (url === undefined) return [];
	const [host = ""] = /^https?:\/\/[^/?#\\]+/i.exec(url) ?? [];
	if (!isTemplate(host) && URL.canParse(host) && refuses?.(host)) {
		const hint =
			"a private address that HTTP_ALLOW does not name: nothing will be asked of it";
		return [{ severity: "warning", field: "url", hint }];
	}
	if (!isTemplate(url)) return [];
	const hint = !/^https?:/i.test(url)
		? "values in an address are percent-encoded, so this can never become one; begin it with http:// or https:// and the host"
		: /^https?:\/\/[^/?#]*@/i.test(url)
			? "it holds a user name or password, so nothing will be asked of it; send an Authorization header instead"
			: null;
	return hint === null ? [] : [{ severity: "warning", field: "url", hint }];
}

/** Whether somebody can be rung by a filled `number`. */
export const isTarget = (
	number: string,
	{ entities = [] }: { entities?: readonly string[] },
): boolean =>
	isNumber(number) ||
	entities.includes(number) ||
	parseSipAddress(number) !== null;

/** Who would be rung by `number`, as far as it is known before templates are filled. */
export function checkTarget(
	number: string | undefined,
	facts: {
		entities: Entities;
		hasTrunk: boolean;
		refusesSip?(address: SipAddress): boolean;
	},
): Finding[] {
	if (number === undefined || isTemplate(number)) return [];
	const targets = facts.entities.get(number)?.targets ?? [number];
	const addresses = targets
		.filter((one) => !isNumber(one))
		.map(parseSipAddress);
	if (addresses.includes(null))
		return [
			{
				severity: "problem",
				field: "number",
				hint: "write a number (2 to 15 digits, + allowed in front), an address such as sip:ann@192.0.2.7:5060;transport=tcp, or the voice id of a user or team",
			},
		];
	if (addresses.some((address) => address && facts.refusesSip?.(address)))
		return [
			{
				severity: "warning",
				field: "number",
				hint: "SIP_ALLOW does not name this address, so it will not be dialled",
			},
		];
	if (facts.hasTrunk || !targets.some(isNumber)) return [];
	return [
		{
			severity: "warning",
			field: "number",
			hint: "SIP_TRUNK is not set, so no number can be dialled; a sip: address can",
		},
	];
}
