import { z } from "zod";
import { entries, nextStep, seconds, stepId, variableName } from "./fields.js";
import { defineStep, type Finding, type StepResult } from "./step.js";

const DIGIT = "[0-9*#A-D]";
const MOST_DIGITS = 32;
const MOST_EDGES = 1_000;

const edgeName = z
	.string()
	.regex(new RegExp(`^(${DIGIT}{1,${MOST_DIGITS}}|timeout)$`), {
		error:
			"write digits to match exactly, * for any others, or timeout for nothing pressed",
	});

export const keypad = defineStep({
	type: "keypad",
	aliases: ["digits"],
	summary: "Takes digits that the callee presses.",
	fields: {
		count: z
			.int()
			.min(1)
			.max(MOST_DIGITS)
			.describe("How many digits are taken, 1 to 32"),
		flow: entries(edgeName, stepId, MOST_EDGES)
			.optional()
			.describe(
				"Where to go by what was pressed: exact digits, `*` for any others, `timeout` for nothing pressed",
			),
		variable: variableName
			.optional()
			.describe("The variable that holds what was pressed"),
		timeout: seconds(0.1, 300)
			.default(5)
			.describe(
				"Seconds to wait for the first digit, 0.1 to 300 (5 if left out)",
			),
		interdigit_timeout: seconds(0.1, 60)
			.default(2)
			.describe(
				"Seconds to wait for each further digit, 0.1 to 60 (2 if left out)",
			),
		terminator: z
			.string()
			.regex(new RegExp(`^${DIGIT}$`), { error: "write one key, such as #" })
			.optional()
			.describe("A key that ends the input and is not part of it"),
		sensitive: z
			.boolean()
			.default(false)
			.describe(
				"true for a PIN or a card number: what is pressed is kept out of events, logs and the recording, and `variable` may stand only in the headers and body of http steps to https addresses (false if left out; docs/sensitive.md)",
			),
		next_step: nextStep,
	},
	templates: {},
	secret: [],
	outcomes: {
		pressed: {
			says: "At least one digit was pressed",
			edges: ["flow.<digits>", "flow.*", "next_step"],
		},
		timeout: {
			says: "Nothing was pressed in time",
			edges: ["flow.timeout", "next_step"],
		},
		hangup: { says: "The callee hung up", edges: [] },
	},
	sets: ({ variable }) => (variable === undefined ? [] : [variable]),
	waitsFor: "digits",
	takes({ count, terminator }, presses) {
		const end = terminator === undefined ? -1 : presses.indexOf(terminator);
		return end !== -1 && end < count
			? end + 1
			: Math.min(count, presses.length);
	},
	examples: [
		{
			title: "An account number",
			step: { count: 4, flow: { "*": "look-up" }, variable: "account_id" },
			outside: { presses: "1234" },
			outcome: "pressed",
		},
		{
			title: "Fewer digits than asked for",
			step: { count: 4, terminator: "#", variable: "account_id" },
			outside: { presses: "12#" },
			outcome: "pressed",
		},
		{
			title: "A PIN",
			step: { count: 4, variable: "pin", sensitive: true, next_step: "check" },
			outside: { presses: "4711" },
			outcome: "pressed",
		},
		{
			title: "Nothing pressed",
			step: { count: 1, flow: { 1: "apples", timeout: "again" } },
			outside: {},
			outcome: "timeout",
		},
		{
			title: "The callee hangs up",
			step: { count: 1 },
			outside: { hangsUp: true },
			outcome: "hangup",
		},
	],
	check({ count, flow = {}, terminator, sensitive, next_step }) {
		const exact = Object.keys(flow).filter(
			(key) => key !== "timeout" && key !== "*",
		);
		const impossible = exact.filter(
			(key) =>
				(count !== undefined && key.length > count) ||
				(terminator !== undefined && key.includes(terminator)),
		);
		return [
			...warnings(
				impossible,
				"these digits can never be the input: they are more than count or hold the terminator",
			),
			...warnings(
				sensitive ? exact : [],
				"the step that comes next tells that these sensitive digits were pressed; let an http step check them",
			),
			...(leavesOut(flow, count, terminator) && !next_step ? [LEFT_OUT] : []),
		];
	},
	async execute(step, { call, over }) {
		const { digits, by } = await call.digits.collect(
			{
				count: step.count,
				timeoutMs: step.timeout * 1_000,
				interdigitTimeoutMs: step.interdigit_timeout * 1_000,
				...(step.terminator === undefined
					? {}
					: { terminator: step.terminator }),
			},
			over,
		);
		return by === "over" ? { outcome: "hangup" } : resultOf(step, digits);
	},
	simulate(step, { presses = "", hangsUp }) {
		if (hangsUp) return { outcome: "hangup" };
		const [digits = ""] =
			step.terminator === undefined
				? [presses]
				: presses.split(step.terminator);
		return resultOf(step, digits.slice(0, step.count));
	},
});

const LEFT_OUT: Finding = {
	severity: "warning",
	field: "flow",
	hint: "whoever presses anything else is hung up on: add the edge *, for any other digits",
};

/** Whether there are edges, but none for some keys. */
function leavesOut(
	flow: Readonly<Record<string, string>>,
	count: number | undefined,
	terminator: string | undefined,
): boolean {
	if (Object.keys(flow).length === 0 || flow["*"] !== undefined) return false;
	const keys = [..."0123456789*#"].filter((key) => key !== terminator);
	return count !== 1 || keys.some((key) => flow[key] === undefined);
}

function warnings(edges: readonly string[], hint: string): Finding[] {
	return edges.map((edge) => ({
		severity: "warning",
		field: `flow.${edge}`,
		hint,
	}));
}

function resultOf(
	{ variable }: { variable?: string | undefined },
	digits: string,
): StepResult<"pressed" | "timeout"> {
	return {
		...(digits === ""
			? { outcome: "timeout" }
			: { outcome: "pressed", digits }),
		...(variable === undefined ? {} : { variables: { [variable]: digits } }),
	};
}
