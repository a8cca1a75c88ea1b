import { z } from "zod";
import { type Control, recordActions } from "../core/control.js";
import { Fault } from "../core/fault.js";
import { checkUrl } from "../core/http.js";
import { compileFlow } from "../flow/flow.js";
import { problem } from "../flow/problem.js";
import { entryOf } from "../flow/steering.js";
import { isTemplate, spokenText, stepId } from "../steps/fields.js";
import type { ReadContext } from "./call-request.js";
import { refusedNumbers } from "./destinations.js";
import { badRequest, readBody } from "./read-input.js";

const onOff = z.boolean({ error: "write true or false" });

/** Bodies of the routes that control a call, by command. */
export const controlBodies = {
	redirect: {
		step: stepId
			.optional()
			.describe("The id of a step of the flow that the call walks"),
		flow: z
			.unknown()
			.optional()
			.describe(
				"A new flow instead; a call step at its head rings nobody, and any other may stand there",
			),
	},
	play: {
		text: spokenText
			.refine((text) => !isTemplate(text), {
				error: "variables are not filled here: write what is to be said",
			})
			.optional()
			.describe("What is spoken, up to 4000 characters; it holds no variables"),
		url: z
			.string({ error: "write a string" })
			.superRefine((url, issues) => {
				const complaint = checkUrl(url);
				if (complaint) issues.addIssue({ code: "custom", message: complaint });
			})
			.optional()
			.describe("http or https address of a wav or mp3 to play instead"),
		loop: z
			.int({ error: "write a whole number from 1 to 100" })
			.min(1)
			.max(100)
			.default(1)
			.describe("How many times, 1 to 100 (1 if left out)"),
	},
	mute: { on: onOff.describe("true: nobody hears the callee") },
	hold: {
		on: onOff.describe("true: the callee hears a tone, and no one else"),
	},
	record: {
		action: z
			.enum(recordActions, { error: `write ${recordActions.join(", ")}` })
			.describe("What becomes of the recording"),
	},
	digits: {
		digits: z
			.string({ error: "write the digits as a string" })
			.regex(/^(?=.*[0-9A-D*#])[0-9A-D*#wW]{1,32}$/, {
				error:
					"write 1 to 32 of 0-9, *, #, A-D, with w for a pause of half a second or W for a second between them",
			})
			.describe(
				"1 to 32 of 0-9, `*`, `#`, A-D; `w` is a pause of half a second, `W` of a second",
			),
		duration_ms: z
			.int({ error: "write whole milliseconds from 50 to 6000" })
			.min(50)
			.max(6_000)
			.default(250)
			.describe("Milliseconds of each, 50 to 6000 (250 if left out)"),
		to: z
			.enum(["callee", "other"], { error: "write callee or other" })
			.default("callee")
			.describe(
				"Who gets them: the callee (if left out), or the other party of its conversation",
			),
	},
} as const satisfies Record<Control["command"], z.ZodRawShape>;

/** Reads the body of a route; throws BAD_REQUEST, BAD_FLOW or DESTINATION_REFUSED with all that is wrong. */
export async function readControl(
	command: Control["command"],
	body: unknown,
	context: () => Promise<ReadContext>,
): Promise<Control> {
	switch (command) {
		case "redirect": {
			const { step, flow } = readBody(controlBodies.redirect, body);
			checkOne({ step, flow });
			return step === undefined
				? { command, flow: readFlow(flow, await context()) }
				: { command, step };
		}
		case "play": {
			const { text, url, loop } = readBody(controlBodies.play, body);
			checkOne({ text, url });
			return text === undefined
				? { command, url: url ?? "", loop }
				: { command, text, loop };
		}
		case "mute":
		case "hold":
			return { command, on: readBody(controlBodies[command], body).on };
		case "record":
			return { command, action: readBody(controlBodies.record, body).action };
		case "digits": {
			const { digits, duration_ms, to } = readBody(controlBodies.digits, body);
			return { command, digits, durationMs: duration_ms, to };
		}
	}
}

function checkOne(given: Readonly<Record<string, unknown>>): void {
	const names = Object.keys(given);
	const count = names.filter((name) => given[name] !== undefined).length;
	if (count === 1) return;
	const hint =
		count === 0
			? `write ${names.join(" or ")}`
			: `write ${names.join(" or ")}, not both`;
	throw badRequest([problem("$", undefined, hint)]);
}

/** A new flow, checked as that of a call. */
function readFlow(
	flow: unknown,
	{ limits, ...context }: ReadContext,
): Extract<Control, { flow: unknown }>["flow"] {
	const compiled = compileFlow(flow, {
		...context,
		mostSteps: limits.max_steps,
		isUnderway: true,
	});
	const refused = refusedNumbers(flow, limits, (id) =>
		context.entities.has(id),
	);
	const ofFlow = compiled.ok ? [] : compiled.problems;
	const problems = [...ofFlow, ...refused];
	if (!compiled.ok || problems.length > 0)
		throw badRequest(
			problems,
			ofFlow.length > 0 ? "BAD_FLOW" : "DESTINATION_REFUSED",
		);
	if (entryOf(compiled.flow) !== undefined) return compiled.flow.source;
	const hint = "nothing comes after the call step, which rings nobody now";
	throw new Fault("BAD_FLOW", `$.flow[0]: ${hint}`, {
		problems: [problem("$.flow[0].next_step", undefined, hint)],
	});
}
