import type { FlowEvent } from "../../core/event.js";
import { compileFlow, type Flow } from "../../flow/flow.js";
import { type RunContext, type RunEnd, run } from "../../flow/run.js";
import type { FlowDial } from "../../steps/step.js";
import { JumpingClock } from "./jumping-clock.js";
import { noLegs } from "./no-legs.js";
import { fakeAppointments, fakeHttp, fakeSounds, users } from "./outside.js";
import { type DialScript, scriptedDialer } from "./scripted-call.js";

export const NOW = Date.UTC(2030, 0, 1);

export function flowOf(steps: readonly unknown[]): Flow {
	const compiled = compileFlow(steps, {
		now: NOW,
		entities: new Map(),
		hasTrunk: true,
	});
	if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems, null, 1));
	return compiled.flow;
}

/** Everything outside a flow, with a callee that keeps to a script. */
export function flowOutside(
	script: DialScript & { http?: { status: number; body?: string } | null } = {},
) {
	const clock = new JumpingClock(NOW);
	const stop = new AbortController();
	const dialer = scriptedDialer({ clock, ...script });
	const dialled: FlowDial[] = [];
	return {
		identity: { callId: "call-1", cloudId: "dev" },
		record: false,
		variables: new Map<string, string>(),
		dial(request: FlowDial) {
			dialled.push(request);
			const { maxDurationMs: _, ...rest } = request;
			return dialer.dial(
				{
					...rest,
					callId: "call-1",
					legs: noLegs,
					beforeInvite: async () => {},
					onRinging: () => {},
				},
				stop.signal,
			);
		},
		sounds: fakeSounds(),
		http: fakeHttp(clock, script.http),
		appointments: fakeAppointments(),
		entities: async () => users("5263"),
		clock,
		signal: stop.signal,
		stop,
		dialer,
		dialled,
	} satisfies RunContext & Record<string, unknown>;
}

/** Walks a flow to its end; `seen` is called with each event as it comes. */
export async function walk(
	flow: Flow,
	context: RunContext,
	seen: (event: FlowEvent) => void = () => {},
): Promise<{ events: FlowEvent[]; end: RunEnd }> {
	const events: FlowEvent[] = [];
	const walking = run(flow, context);
	for (;;) {
		const { done, value } = await walking.next();
		if (done) return { events, end: value };
		events.push(value);
		seen(value);
	}
}

/** `1 played next_step→2`, for each step that finished. */
export function path(events: readonly FlowEvent[]): string[] {
	return events.flatMap(({ type, data }) => {
		if (type !== "step.finished") return [];
		const edge = data.edge ? ` ${data.edge.name}→${data.edge.to}` : "";
		return [`${data.step_id} ${data.outcome}${edge}`];
	});
}
