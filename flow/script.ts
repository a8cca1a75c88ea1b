import { z } from "zod";
import { didYouMean } from "../core/closest.js";
import { outcomes } from "../core/outcome.js";
import { stepId } from "../steps/fields.js";

const MOST_ENTRIES = 1_000;
const LONGEST_BODY = 65_536;

const missed = outcomes.filter((outcome) => outcome !== "answered");

const yes = z.literal(true, { error: "write true" });

const entryFields = {
	digits: z
		.string({ error: 'write keys such as "12#"' })
		.regex(/^[0-9*#A-D]{1,32}$/, {
			error: "write 1 to 32 keys of 0 to 9, *, #, A to D",
		})
		.describe(
			"Keys that the callee presses; what a step leaves waits for the next",
		),
	timeout: yes.describe("true: nothing is pressed in time"),
	hangup: z
		.union([yes, stepId], { error: "write true, or the id of a step" })
		.describe(
			"true: the callee hangs up where it is waited for; the id of a step: as soon as that step runs",
		),
	call: z
		.enum(outcomes, { error: `write one of ${outcomes.join(", ")}` })
		.describe("How ringing ends: answered (if left out), busy, no_answer …"),
	connect: z
		.enum(["completed", ...missed], {
			error: `write one of completed, ${missed.join(", ")}`,
		})
		.describe("What comes of a connect: completed, busy, no_answer …"),
	http: z
		.strictObject(
			{
				status: z
					.int({ error: "write a status from 100 to 599" })
					.min(100)
					.max(599)
					.describe("The HTTP status"),
				json: z.unknown().optional().describe("The body, as JSON"),
				body: z
					.string({ error: "write a string; JSON belongs into json" })
					.max(LONGEST_BODY)
					.optional()
					.describe("The body, as text"),
			},
			{
				error:
					"write an object with a status, and json or body; null: no answer",
			},
		)
		.refine(({ json, body }) => json === undefined || body === undefined, {
			error: "write json or body, not both",
			path: ["body"],
		})
		.nullable()
		.describe(
			"What a server answers: {status, json} or {status, body}; null: nothing",
		),
} as const;
const kinds = Object.keys(entryFields);
const names = kinds.join(", ");

/** One thing that happens outside of the flow. */
const entry = z
	.strictObject(entryFields, {
		error: (issue) =>
			`write an object with one of ${names}${issue.code === "unrecognized_keys" ? didYouMean(String(issue.keys), kinds) : ""}`,
	})
	.partial()
	.refine((given) => Object.keys(given).length === 1, {
		error: `write one of ${names}`,
		when: ({ issues }) => issues.length === 0,
	});

/** What the callee, the other parties and the servers do, each in its order. */
export const scriptSchema = z
	.array(entry, { error: "write a list" })
	.max(MOST_ENTRIES, { error: `at most ${MOST_ENTRIES} entries` });

export type ScriptEntry = z.infer<typeof entry>;
