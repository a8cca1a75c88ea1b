import type { Problem } from "../../core/fault.js";
import { type CompileContext, compileFlow } from "../../flow/flow.js";
import { users } from "./outside.js";

export const CONTEXT: CompileContext = {
	now: Date.UTC(2026, 0, 1),
	entities: users("5263", "support"),
	hasTrunk: true,
};

/** A first step that leads to step 1. */
export const ENTRY = {
	id: 0,
	type: "call",
	number: "5263",
	caller_id: "1",
	next_step: 1,
};

/** A flow that must be right. */
export function compile(flow: unknown, context: Partial<CompileContext> = {}) {
	const compiled = compileFlow(flow, { ...CONTEXT, ...context });
	if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems, null, 1));
	return compiled;
}

export function problemsOf(flow: unknown): Problem[] {
	const compiled = compileFlow(flow, CONTEXT);
	return compiled.ok ? [] : compiled.problems;
}
