import { z } from "zod";
import { limitFields, limitsSchema, scopes } from "../core/limits.js";
import { instant } from "./instant.js";

const LONGEST_OVERLAP_S = 30 * 24 * 3_600;

const line = (longest: number) => {
	const error = `write a string of 1 to ${longest} characters on one line`;
	return z
		.string({ error })
		.min(1, { error })
		.max(longest, { error })
		.regex(/^\P{Cc}*$/u, { error });
};

const cloudId = z
	.string({ error: "write the cloud_id of an account" })
	// the path of an account is its cloud_id: "." and ".." are other paths
	.regex(/^(?=.*[A-Za-z0-9])[A-Za-z0-9._-]{1,64}$/, {
		error:
			"write 1 to 64 letters, digits, dots, _ and -, at least one letter or digit",
	});

const error = "write an object of limits";

/** POST /accounts */
export const newAccount = z.strictObject({
	cloud_id: cloudId.describe("The account's name in every request"),
	cloud_sid: line(255)
		.nullable()
		.default(null)
		.describe("Null: any cloud_sid will do"),
	name: line(100).default("account").describe("For people"),
	limits: z
		.strictObject(limitsSchema.shape, { error })
		.default({})
		.describe("What it may do; what is left out has its default"),
});

// Object.fromEntries forgets the keys; each limit may also be null.
const nullableLimits = Object.fromEntries(
	Object.entries(limitFields).map(([name, schema]) => [
		name,
		schema
			.nullable()
			.optional()
			.describe(schema.description ?? ""),
	]),
) as {
	[L in keyof typeof limitFields]: z.ZodOptional<
		z.ZodNullable<(typeof limitFields)[L]>
	>;
};

/** PATCH /accounts/{cloud_id} */
export const accountChange = z.strictObject({
	name: line(100).optional().describe("For people"),
	limits: z
		.strictObject(nullableLimits, { error })
		.optional()
		.describe("Those to change; null is the default"),
});

/** POST /tokens; `now` in epoch milliseconds. */
export const newToken = (now: number) =>
	z.strictObject({
		cloud_id: cloudId
			.optional()
			.describe(
				"Another account, for the operator only (your own if left out)",
			),
		name: line(100).describe("For people"),
		scopes: z
			.array(z.enum(scopes, { error: `write ${scopes.join(", ")}` }), {
				error: `write a list of ${scopes.join(", ")}`,
			})
			.min(1, { error: `write at least one of ${scopes.join(", ")}` })
			.max(scopes.length, { error: "write each of them once" })
			.transform((given) => scopes.filter((scope) => given.includes(scope)))
			.describe("What it is good for; none implies another"),
		expires_at: instant
			.refine((at) => at > now, { error: "write an instant to come" })
			.nullable()
			.default(null)
			.describe("It is good until then; null: for good"),
	});

const overlap = `write seconds from 0 to ${LONGEST_OVERLAP_S}`;

/** POST /tokens/{id}/rotate */
export const rotation = z.strictObject({
	overlap_s: z
		.number({ error: overlap })
		.min(0, { error: overlap })
		.max(LONGEST_OVERLAP_S, { error: overlap })
		.default(0)
		.describe("Seconds that the secret before goes on, up to 30 days"),
});
