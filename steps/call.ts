import type { MissedOutcome } from "../core/outcome.js";
import {
	anonymous,
	callerId,
	checkTarget,
	isTarget,
	nextStep,
	seconds,
	sipHeaders,
	target,
} from "./fields.js";
import { defineStep, type Example } from "./step.js";

const EXAMPLE = {
	number: "917507161643",
	caller_id: "917507161643",
	timeout: 20,
};
const DAY_S = 24 * 3_600;

const missed = {
	busy: { says: "The callee was busy", edges: [] },
	no_answer: { says: "Nobody answered in time", edges: [] },
	declined: { says: "The callee declined", edges: [] },
	wrong_number: { says: "The number does not exist", edges: [] },
	unreachable: { says: "The callee's side did not answer at all", edges: [] },
	failed: { says: "The call could not be made", edges: [] },
	canceled: { says: "The call was stopped while it rang", edges: [] },
	interrupted: { says: "The service was interrupted", edges: [] },
} as const satisfies Record<MissedOutcome, { says: string; edges: [] }>;

// Object.keys forgets that these are exactly the keys.
const missedExamples = (Object.keys(missed) as MissedOutcome[]).map(
	(outcome): Example<MissedOutcome> => ({
		title: missed[outcome].says,
		step: EXAMPLE,
		outside: { rings: outcome },
		outcome,
	}),
);

export const call = defineStep({
	type: "call",
	aliases: [],
	summary:
		"Rings the callee; the first step of every flow, and only the first.",
	fields: {
		number: target.describe(
			"Who is rung: the voice id of a user or team, a sip: address, or a number of 2 to 15 digits",
		),
		caller_id: callerId.describe("The number that the callee is shown"),
		anonymous,
		sip_headers: sipHeaders,
		timeout: seconds(1, 300)
			.default(30)
			.describe("Seconds to ring, 1 to 300 (30 if left out)"),
		max_duration: seconds(1, DAY_S)
			.default(14_400)
			.describe(
				"Seconds from the answer until the call is ended, 1 to 86400 (14400 if left out)",
			),
		next_step: nextStep,
	},
	templates: { number: "text", caller_id: "text", sip_headers: "header" },
	secret: [],
	outcomes: {
		answered: { says: "The callee answered", edges: ["next_step"] },
		...missed,
	},
	examples: [
		{
			title: "Somebody answers",
			step: EXAMPLE,
			outside: { rings: "answered" },
			outcome: "answered",
		},
		...missedExamples,
	],
	check: (step, facts) => checkTarget(step.number, facts),
	async execute(step, { dial }) {
		const { outcome } = await dial({
			to: step.number,
			callerId: step.caller_id,
			anonymous: step.anonymous,
			headers: step.sip_headers ?? {},
			ringTimeoutMs: step.timeout * 1_000,
			maxDurationMs: step.max_duration * 1_000,
		});
		return { outcome };
	},
	simulate: (step, outside) => ({
		outcome: isTarget(step.number, outside)
			? (outside.rings ?? "answered")
			: "wrong_number",
	}),
});
