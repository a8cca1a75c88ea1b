import { z } from "zod";
import { instant } from "../core/clock.js";
import type { Entities } from "../core/entity.js";
import { Fault, type FaultCode, type Problem } from "../core/fault.js";
import { checkUrl } from "../core/http.js";
import type { Limits } from "../core/limits.js";
import type { SipAddress } from "../core/sip-address.js";
import { type Compiled, compileFlow, type Flow } from "../flow/flow.js";
import { problem } from "../flow/problem.js";
import { initialVariables } from "../flow/variables.js";
import { retryFields } from "../steps/retry.js";
import type { RetryPolicy } from "../store/store.js";
import { refusedNumbers } from "./destinations.js";
import { instant as instantMs } from "./instant.js";
import { badRequest, problemsOf } from "./read-input.js";

const MOST_METADATA_BYTES = 4_096;

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

const retry = z.strictObject(
	{
		...retryFields,
		// a call that nobody said this of is tried once
		attempts: retryFields.attempts
			.removeDefault()
			.default(1)
			.describe("How often it is tried, 1 to 20 (1 if left out)"),
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
	start_at: instantMs
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

/** What it is checked against. */
export interface ReadContext {
	now: number;
	entities: Entities;
	hasTrunk: boolean;
	/** The account's. */
	limits: Limits;
	refusesSip(address: SipAddress): boolean;
	/** Whether nothing may be asked of a URL, or sent to it, because of the address that it names. */
	refuses(url: string): boolean;
}

type Checked =
	| { ok: true; request: CallRequest }
	| { ok: false; code: FaultCode; problems: Problem[]; warnings: Problem[] };

/** Reads the body of POST /call/flow; throws a Fault with all that is wrong with it and its flow, not the first thing only. */
export function readCallRequest(
	body: unknown,
	context: ReadContext,
): CallRequest {
	const checked = checkCallRequest(body, context);
	if (checked.ok) return checked.request;
	if (isRecord(body)) throw badRequest(checked.problems, checked.code);
	const { problems } = checked;
	throw new Fault("BAD_REQUEST", "The body is not a JSON object", { problems });
}

/** The same without throwing. */
export function checkCallRequest(body: unknown, context: ReadContext): Checked {
	if (!isRecord(body)) {
		const hint = `send an object with ${Object.keys(fields).join(", ")}`;
		const problems = [problem("$", body, hint)];
		return { ok: false, code: "BAD_REQUEST", problems, warnings: [] };
	}
	const read = bodySchema.safeParse(body);
	const { limits, entities } = context;
	const compiled = compileFlow(body.flow, {
		...context,
		mostSteps: limits.max_steps,
		variables: namesOf(body.variables),
		path: "$.flow",
	});
	const ofNumbers = refusedNumbers(body.flow, limits, (id) => entities.has(id));
	const { warnings } = compiled;
	if (read.success && compiled.ok && ofNumbers.length === 0) {
		warnings.push(...bodyWarnings(read.data, context));
		return { ok: true, request: requestOf(read.data, compiled, context) };
	}
	const ofBody = read.success ? [] : bodyProblems(read.error, body);
	const ofFlow = compiled.ok ? [] : compiled.problems;
	const ofRest = ofFlow.length > 0 ? "BAD_FLOW" : "DESTINATION_REFUSED";
	return {
		ok: false,
		code: ofBody.length > 0 ? "BAD_REQUEST" : ofRest,
		problems: [...ofBody, ...ofFlow, ...ofNumbers],
		warnings,
	};
}

type Body = z.infer<typeof bodySchema>;

function requestOf(
	body: Body,
	{ flow, warnings }: Extract<Compiled, { ok: true }>,
	{ now }: ReadContext,
): CallRequest {
	const { record, publish, variables, metadata, start_at } = body;
	const retry = isRetried(body.retry) ? body.retry : null;
	const dueAt = Math.max(start_at ?? now, now);
	return {
		...{ record, publish, variables, metadata, flow, warnings },
		...{ dueAt, retry },
	};
}

function bodyWarnings(
	{ publish, start_at }: Body,
	{ now, refuses }: ReadContext,
): Problem[] {
	const warnings: Problem[] = [];
	if (publish && refuses(publish.url))
		warnings.push({
			path: "$.publish.url",
			hint: "a private address that HTTP_ALLOW does not name: no event can be sent",
		});
	if (start_at !== undefined && start_at < now)
		warnings.push({
			path: "$.start_at",
			value: instant(start_at),
			hint: "this instant is past, so the call is dialled at once",
		});
	return warnings;
}

/** Right or wrong: what is wrong with them is told by itself. */
const namesOf = (variables: unknown): string[] =>
	isRecord(variables) ? Object.keys(variables) : [];

const isRetried = (retry: RetryPolicy | null) =>
	retry !== null && retry.attempts > 1;

function bodyProblems(error: z.ZodError, body: unknown): Problem[] {
	return problemsOf(error, body, (parent) =>
		Object.keys(
			parent === "$"
				? fields
				: parent === "$.retry"
					? retry.shape
					: publish.shape,
		),
	);
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
