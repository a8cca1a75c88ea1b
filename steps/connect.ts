import type { ConnectResult } from "../core/call.js";
import { causeOf } from "../core/cause.js";
import { inSeconds } from "../core/clock.js";
import { type MissedOutcome, usualReasons } from "../core/outcome.js";
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
import {
	defineStep,
	type Example,
	type Outside,
	type StepResult,
} from "./step.js";

const EXAMPLE = { number: "16468107000", caller_id: "12345678" };
const EDGES = ["next_step"] as const;

const missed = {
	busy: { says: "The other party was busy", edges: EDGES },
	no_answer: { says: "Nobody answered in time", edges: EDGES },
	declined: { says: "The other party declined", edges: EDGES },
	wrong_number: { says: "The number does not exist", edges: EDGES },
	unreachable: { says: "The other side did not answer at all", edges: EDGES },
	failed: { says: "The other party could not be rung", edges: EDGES },
	canceled: { says: "The attempt was stopped", edges: EDGES },
	interrupted: { says: "The service was interrupted", edges: EDGES },
} as const satisfies Record<
	MissedOutcome,
	{ says: string; edges: readonly string[] }
>;

// Object.keys forgets that these are exactly the keys.
const missedExamples = (Object.keys(missed) as MissedOutcome[]).map(
	(outcome): Example<MissedOutcome> => ({
		title: missed[outcome].says,
		step: EXAMPLE,
		outside: { rings: outcome },
		outcome,
	}),
);

type ConnectOutcome = "completed" | "hangup" | MissedOutcome;

export const connect = defineStep({
	type: "connect",
	aliases: [],
	summary: "Rings somebody else and joins both parties.",
	fields: {
		number: target.describe(
			"Who is rung: the voice id of a user or team, a sip: address, or a number of 2 to 15 digits",
		),
		caller_id: callerId
			.default("<<call.caller_id>>")
			.describe(
				"The number that the other party is shown (the call's if left out)",
			),
		anonymous,
		sip_headers: sipHeaders,
		timeout: seconds(1, 300)
			.default(30)
			.describe("Seconds to ring, 1 to 300 (30 if left out)"),
		next_step: nextStep,
	},
	templates: { number: "text", caller_id: "text", sip_headers: "header" },
	waitsFor: "party",
	sets: () => [
		...["connect.outcome", "connect.duration_s"],
		...["connect.sip_status", "connect.q850_cause"],
	],
	secret: [],
	outcomes: {
		completed: {
			says: "They talked, and the callee is still there",
			edges: EDGES,
		},
		...missed,
		hangup: { says: "The callee hung up", edges: [] },
	},
	examples: [
		{
			title: "A conversation",
			step: EXAMPLE,
			outside: { talksFor: 61.5 },
			outcome: "completed",
		},
		...missedExamples,
		{
			title: "The callee hangs up",
			step: EXAMPLE,
			outside: { hangsUp: true },
			outcome: "hangup",
		},
	],
	check: (step, facts) => checkTarget(step.number, facts),
	async execute(step, { call, emit, stepId, over }) {
		const told = { step_id: stepId, number: step.number };
		const result = await call.connect({
			to: step.number,
			callerId: step.caller_id,
			anonymous: step.anonymous,
			headers: step.sip_headers ?? {},
			ringTimeoutMs: step.timeout * 1_000,
			signal: over,
			onBridged: () => emit({ type: "call.bridged", data: told }),
		});
		// What was pressed during a conversation belongs to it.
		call.digits.clear();
		if (result.outcome === "completed")
			emit({
				type: "call.unbridged",
				data: {
					...told,
					duration_s: inSeconds(result.durationMs),
					ended_by: result.endedBy,
				},
			});
		return resultOf(result, step.timeout);
	},
	simulate(step, outside) {
		return resultOf(simulated(step.number, outside), step.timeout);
	},
});

function simulated(number: string, outside: Outside): ConnectResult {
	const { rings = "answered", hangsUp, talksFor = 60 } = outside;
	if (hangsUp) return { outcome: "hangup" };
	if (!isTarget(number, outside))
		return { outcome: "wrong_number", reason: "bad_number" };
	const durationMs = talksFor * 1_000;
	return rings === "answered"
		? { outcome: "completed", durationMs, endedBy: "other" }
		: { outcome: rings, reason: usualReasons[rings] };
}

function resultOf(
	result: ConnectResult,
	ringS: number,
): StepResult<ConnectOutcome> {
	const { outcome } = result;
	if (outcome === "hangup")
		return { outcome, variables: variables({ outcome }) };
	if (outcome !== "completed") {
		// a 408 is the network's, and may come earlier
		const isOurs = result.sipStatus !== 408;
		const detail = causeOf({ ...result, ringS: isOurs ? ringS : null });
		return { outcome, variables: variables(result), detail };
	}
	const over = result.endedBy === "callee";
	return {
		outcome: over ? "hangup" : outcome,
		variables: variables({ ...result, sipStatus: 200 }),
	};
}

/** 0 stands for what there was not. */
const variables = ({
	outcome,
	durationMs = 0,
	sipStatus = 0,
	q850Cause = 0,
}: {
	outcome: string;
	durationMs?: number;
	sipStatus?: number;
	q850Cause?: number;
}) => ({
	"connect.outcome": outcome,
	"connect.duration_s": String(inSeconds(durationMs)),
	"connect.sip_status": String(sipStatus),
	"connect.q850_cause": String(q850Cause),
});
