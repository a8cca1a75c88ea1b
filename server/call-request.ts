import { z } from "zod";
import { instant } from "../core/clock.js";
import type { Entities } from "../core/entity.js";
import { Fault, type Problem } from "../core/fault.js";
import { checkUrl } from "../core/http.js";
import type { MissedOutcome } from "../core/outcome.js";
import type { SipAddress } from "../core/sip-address.js";
import { compileFlow, type Flow } from "../flow/flow.js";
import { at, problem } from "../flow/problem.js";
import { initialVariables } from "../flow/variables.js";
import { closest } from "../steps/closest.js";
import type { RetryPolicy } from "../store/store.js";

const MOST_METADATA_BYTES = 4_096;
/** A body can hold a hundred thousand problems. */
const MOST_TOLD = 1_000;
/** Guesses are made for so many unknown fields. */
const MOST_GUESSES = 20;

/** Outcomes after which a call may be tried again; an answer and the wish of somebody end it. */
const retryable = [
	"busy",
	"no_answer",
	"declined",
	"wrong_number",
	"unreachable",
	"failed",
	"interrupted",
] as const satisfies readonly MissedOutcome[];

const text = z.string({ error: "write a string" });

const publish = z.strictObject(
	{
		url: text
			.superRefine((url, issues) => {
				const complaint = checkUrl(url);
				if (complaint) issues.addIssue({ code: "custom", message: complaint });
			})
			.describe("Where events are sent, http or https"),
		method: z
			.enum(["POST", "PUT"], { error: "write POST or PUT" })
			.default("POST")
			.describe("With which method"),
	},
	{ error: "write an object with a url and a method" },
);

const metadata = z
	.record(z.string(), z.unknown(), { error: "write an object" })
	.refine(
		(value) => Buffer.byteLength(JSON.stringify(value)) <= MOST_METADATA_BYTES,
		{ error: `at most ${MOST_METADATA_BYTES} bytes as JSON` },
	);

const startAt = z.iso
	.datetime({
		offset: true,
		error: "write an instant with its offset, such as 2030-10-11T20:48:00Z",
	})
	.transform((text) => Date.parse(text));

const retry = z.strictObject(
	{
		attempts: z
			.int({ error: "write a number" })
			.min(1)
			.max(20)
			.default(1)
			.describe("How often it is tried in all"),
		interval: z
			.number({ error: "write a number" })
			.min(1)
			.max(7 * 86_400)
			.default(300)
			.describe("Seconds from the end of one attempt to the next"),
		on: z
			.array(
				z.enum(retryable, { error: `write some of ${retryable.join(", ")}` }),
			)
			.min(1)
			.default(["busy", "no_answer", "unreachable"])
			.describe("Outcomes after which it is tried again"),
	},
	{ error: "write an object with attempts, interval and on" },
);

/** Of the body of POST /call/flow. */
export const fields = {
	cloud_id: text.optional().describe("The account"),
	cloud_sid: text.optional().describe("The account's sid"),
	auth_token: text.optional().describe("The account's token"),
	record: z
		.boolean({ error: "write true or false" })
		.default(false)
		.describe("Whether the call is recorded"),
	publish: publish
		.nullable()
		.default(null)
		.describe(
			"Where events are sent: {url, method}, http or https, POST (if left out) or PUT",
		),
	variables: initialVariables
		.default({})
		.describe(
			"Initial values of the flow's variables: strings, numbers and booleans by name",
		),
	metadata: metadata
		.nullable()
		.default(null)
		.describe(
			`An object that comes back in every event; at most ${MOST_METADATA_BYTES} bytes as JSON`,
		),
	start_at: startAt
		.optional()
		.describe(
			"When it is dialled at the earliest: an instant such as 2030-10-11T20:48:00+05:30; left out: at once",
		),
	retry: retry
		.nullable()
		.default(null)
		.describe(
			"Whether it is tried again: {attempts, interval, on}: attempts in all (1 if left out, at most 20), seconds between two (300), and after which outcomes (busy, no_answer and unreachable)",
		),
	flow: z.unknown().optional().describe("A list of steps, a call first"),
} as const;
const bodySchema = z.strictObject(fields);

/** Their values are not repeated in answers. */
const secret = /^\$\.(cloud_sid|auth_token|publish)\b/;

export interface CallRequest
	extends Pick<
		z.infer<typeof bodySchema>,
		"record" | "publish" | "variables" | "metadata" | "retry"
	> {
	flow: Flow;
	/** Epoch milliseconds; not before now. */
	dueAt: number;
	/** What is odd but can run. */
	warnings: Problem[];
}

/** Reads the body of POST /call/flow; throws a Fault with all that is wrong with it and its flow, not the first thing only. */
export function readCallRequest(
	body: unknown,
	context: {
		now: number;
		entities: Entities;
		hasTrunk: boolean;
		refusesSip(address: SipAddress): boolean;
		/** Whether events could not be sent to a URL that names this address. */
		refuses(url: string): boolean;
	},
): CallRequest {
	if (!isRecord(body))
		throw new Fault("BAD_REQUEST", "The body is not a JSON object", {
			problems: [
				problem(
					"$",
					body,
					`send an object with ${Object.keys(fields).join(", ")}`,
				),
			],
		});
	const read = bodySchema.safeParse(body);
	const compiled = compileFlow(body.flow, { ...context, path: "$.flow" });
	if (read.success && compiled.ok) {
		const { record, publish, variables, metadata, start_at } = read.data;
		const retry = isRetried(read.data.retry) ? read.data.retry : null;
		const dueAt = Math.max(start_at ?? context.now, context.now);
		const { flow } = compiled;
		const warnings = [...compiled.warnings];
		if (publish && context.refuses(publish.url))
			warnings.push({
				path: "$.publish.url",
				hint: "a private address that HTTP_ALLOW does not name: no event can be sent",
			});
		if (start_at !== undefined && start_at < context.now)
			warnings.push({
				path: "$.start_at",
				value: instant(start_at),
				hint: "this instant is past, so the call is dialled at once",
			});
		return {
			...{ record, publish, variables, metadata, flow, warnings },
			...{ dueAt, retry },
		};
	}
	const ofBody = read.success ? [] : bodyProblems(read.error, body);
	const ofFlow = compiled.ok ? [] : compiled.problems;
	const problems = [...ofBody, ...ofFlow];
	const told =
		problems.length > MOST_TOLD ? `the first ${MOST_TOLD} are in` : "see";
	throw new Fault(
		ofBody.length > 0 ? "BAD_REQUEST" : "BAD_FLOW",
		problems.length === 1
			? `${problems[0]?.path}: ${problems[0]?.hint}`
			: `${problems.length} things are wrong; ${told} problems`,
		{ problems: problems.slice(0, MOST_TOLD) },
	);
}

const isRetried = (retry: RetryPolicy | null) =>
	retry !== null && retry.attempts > 1;

function bodyProblems(error: z.ZodError, body: unknown): Problem[] {
	return error.issues.flatMap((issue) => {
		const path = issue.path.reduce<string>(
			(here, key) => at(here, typeof key === "number" ? key : String(key)),
			"$",
		);
		if (issue.code === "unrecognized_keys")
			return issue.keys.map((key, index) =>
				unknownField(path, key, index < MOST_GUESSES),
			);
		const value = secret.test(path) ? undefined : valueAt(body, issue.path);
		const inner = issue.code === "invalid_key" ? issue.issues[0] : issue;
		return [problem(path, value, inner?.message ?? issue.message)];
	});
}

/** Without its value: it may be a secret in the wrong place. */
function unknownField(parent: string, key: string, guesses: boolean): Problem {
	const known = Object.keys(
		parent === "$"
			? fields
			: parent === "$.retry"
				? retry.shape
				: publish.shape,
	);
	const meant = guesses ? closest(key, known) : undefined;
	return {
		path: at(parent, key),
		hint: `unknown field; ${meant === undefined ? `known are ${known.join(", ")}` : `did you mean "${meant}"?`}`,
	};
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
	return path.reduce<unknown>(
		(here, key) =>
			isRecord(here) && Object.hasOwn(here, key)
				? here[String(key)]
				: undefined,
		body,
	);
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
