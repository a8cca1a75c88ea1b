import type { DialResult } from "../../core/call.js";
import type { FlowEvent } from "../../core/event.js";
import { usualReasons } from "../../core/outcome.js";
import { fillStep } from "../../steps/fill.js";
import type {
	FlowDial,
	Outside,
	StepContext,
	StepDefinition,
	StepResult,
} from "../../steps/step.js";
import { JumpingClock } from "./jumping-clock.js";
import { fakeAppointments, fakeHttp, fakeSounds, users } from "./outside.js";
import { type Script, scriptedCall } from "./scripted-call.js";

/** A context in which one step can run by itself; `told` are the events it emitted. */
export function stepContext(outside: Outside = {}, more: Script = {}) {
	const clock = new JumpingClock(
		outside.at === undefined ? undefined : Date.parse(outside.at),
	);
	const rings = outside.rings ?? "answered";
	const call = scriptedCall({
		clock,
		...(outside.presses === undefined ? {} : { presses: outside.presses }),
		...(outside.hangsUp ? { hangsUpAfterMs: 0 } : {}),
		connects: [
			rings === "answered"
				? { talksMs: (outside.talksFor ?? 60) * 1_000, endedBy: "other" }
				: { outcome: rings, reason: usualReasons[rings] },
		],
		...more,
	});
	const told: FlowEvent[] = [];
	const dialled: FlowDial[] = [];
	const context = {
		stepId: "step",
		callId: "call-1",
		cloudId: "dev",
		record: false,
		variables: new Map<string, string>(),
		carriesSensitive: false,
		followedBy: outside.presses === undefined ? undefined : "keypad",
		call,
		over: call.over,
		async dial(request: FlowDial): Promise<DialResult> {
			dialled.push(request);
			return rings === "answered"
				? { outcome: "answered", call }
				: { outcome: rings, reason: "sip_error" };
		},
		sounds: fakeSounds(outside.brokenUrls),
		http: fakeHttp(clock, outside.http),
		appointments: fakeAppointments(),
		entities: async () => users(...(outside.entities ?? [])),
		clock,
		emit: (event: FlowEvent) => {
			told.push(event);
		},
	} satisfies StepContext;
	return { ...context, told, dialled };
}

/** A step's fields as a flow would hold them, from what a client wrote. */
export function parseStep(
	{ fields }: StepDefinition,
	written: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(fields)
			.map(([name, schema]) => [name, schema.parse(written[name])])
			.filter(([, value]) => value !== undefined),
	);
}

/** Runs a step as it was written, with its templates filled from `variables`. */
export async function execute(
	definition: StepDefinition,
	written: Readonly<Record<string, unknown>>,
	context: StepContext,
	variables: Readonly<Record<string, string>> = {},
): Promise<StepResult> {
	const fields = parseStep(definition, written);
	const values = new Map(Object.entries(variables));
	const { filled } = fillStep(definition, fields, values);
	return definition.execute(filled, context);
}
