import { z } from "zod";

// What the commands need of the API's answers. What else these hold is kept as it came: a newer service may say more.

const problem = z.looseObject({ path: z.string(), hint: z.string() });
export const problemDocument = z.looseObject({
	detail: z.string(), // RFC 9457
	problems: z.array(problem),
});

/** A call, a callback, a token. */
export const thingAnswer = z.looseObject({ id: z.string() });
export const accountAnswer = z.looseObject({ cloud_id: z.string() });
export const placedAnswer = z.looseObject({
	id: z.string(),
	warnings: z.array(problem),
});
export const lintAnswer = z.looseObject({
	problems: z.array(problem),
	warnings: z.array(problem),
});

export const doctorAnswer = z.looseObject({
	checks: z.array(
		z.looseObject({
			name: z.string(),
			status: z.enum(["ok", "wrong", "skipped"]),
			detail: z.string(),
			hint: z.string().nullable(),
		}),
	),
});

/** As /calls/{id}/events and /events tell it. */
export const eventAnswer = z.looseObject({
	...{ id: z.string(), type: z.string(), at: z.string() },
	...{ call_id: z.string(), seq: z.int() },
	data: z.record(z.string(), z.unknown()),
});
export type Event = z.infer<typeof eventAnswer>;

/** A page of a list. */
export const pageOf = <Entry extends z.ZodType>(entry: Entry) =>
	z.looseObject({
		result: z.array(entry),
		next_page_token: z.string().nullable(),
	});
