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
	cloud_id: cloudId,
	cloud_sid: line(255).nullable().default(null),
	name: line(100).default("account"),
	limits: z.strictObject(limitsSchema.shape, { error }).default({}),
});

// Object.fromEntries forgets the keys; each limit may also be null.
const nullableLimits = Object.fromEntries(
	Object.entries(limitFields).map(([name, schema]) => [
		name,
		schema.nullable().optional(),
	]),
) as {
	[L in keyof typeof limitFields]: z.ZodOptional<
		z.ZodNullable<(typeof limitFields)[L]>
	>;
};

/** PATCH /accounts/{cloud_id} */
export const accountChange = z.strictObject({
	name: line(100).optional(),
	limits: z.strictObject(nullableLimits, { error }).optional(),
});

/** POST /tokens; `now` in epoch milliseconds. */
export const newToken = (now: number) =>
	z.strictObject({
		cloud_id: cloudId.optional(),
		name: line(100),
		scopes: z
			.array(z.enum(scopes, { error: `write ${scopes.join(", ")}` }), {
				error: `write a list of ${scopes.join(", ")}`,
			})
			.min(1, { error: `write at least one of ${scopes.join(", ")}` })
			.max(scopes.length, { error: "write each of them once" })
			.transform((given) => scopes.filter((scope) => given.includes(scope))),
		expires_at: instant
			.refine((at) => at > now, { error: "write an instant to come" })
			.nullable()
			.default(null),
	});

const overlap = `write seconds from 0 to ${LONGEST_OVERLAP_S}`;

/** POST /tokens/{id}/rotate */
export const rotation = z.strictObject({
	overlap_s: z
		.number({ error: overlap })
		.min(0, { error: overlap })
		.max(LONGEST_OVERLAP_S, { error: overlap })
		.default(0),
});
