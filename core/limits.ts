import { z } from "zod";

const prefixes = z
	.array(
		z.string().regex(/^(?:\+[0-9]{0,15}|[0-9]{1,15})$/, {
			error:
				"write + and digits, such as +4930, or digits alone for a number as it is dialled",
		}),
		{ error: "write a list of prefixes" },
	)
	.max(1_000, { error: "at most 1000 prefixes" });

const whole = (least: number, most: number) =>
	z
		.int({ error: `write a whole number from ${least} to ${most}` })
		.min(least, { error: `at least ${least}` })
		.max(most, { error: `at most ${most}` });
const rate = (least: number, most: number) =>
	z
		.number({ error: `write a number from ${least} to ${most}` })
		.min(least, { error: `at least ${least}` })
		.max(most, { error: `at most ${most}` });

/** What an account may do; what is left out has its default. */
export const limitFields = {
	live_calls: whole(0, 1_000_000).describe(
		"Calls that are dialled or answered at a time; more of them wait (the service's capacity if left out)",
	),
	calls_per_second: rate(0.001, 100_000).describe(
		"Calls dialled per second; more of them wait (CALLS_PER_SECOND if left out)",
	),
	requests_per_second: rate(0.1, 100_000).describe(
		"Requests per second, two seconds' worth at once; beyond that 429 (500 if left out)",
	),
	max_steps: whole(1, 1_000).describe("Steps of a flow (1000 if left out)"),
	max_body_bytes: whole(1_000, 1_000_000).describe(
		"Bytes of a request's body (1000000 if left out)",
	),
	allow_prefixes: prefixes.describe("Prefixes of numbers that may be rung"),
	block_prefixes: prefixes.describe("Prefixes of numbers that may not be rung"),
} as const;

export const limitsSchema = z.strictObject(limitFields).partial();
export type Limits = z.infer<typeof limitsSchema>;

export const defaultLimits = {
	requests_per_second: 500,
	max_steps: 1_000,
	max_body_bytes: 1_000_000,
} as const satisfies Limits;

/** What a credential is good for; none implies another. */
export const scopes = ["calls:write", "calls:read", "admin"] as const;
export type Scope = (typeof scopes)[number];
