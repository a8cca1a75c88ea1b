import { refusal } from "../core/destination.js";
import type { Problem } from "../core/fault.js";
import { MOST_STEPS } from "../flow/limits.js";
import { at, problem } from "../flow/problem.js";

const RINGS: readonly unknown[] = ["call", "connect"];

/** The numbers written out in a flow, right or wrong, that its account may not ring. What templates fill is judged when it is dialled. */
export function refusedNumbers(
	flow: unknown,
	limits: Parameters<typeof refusal>[1],
	isEntity: (id: string) => boolean,
): Problem[] {
	if (!Array.isArray(flow) || flow.length > MOST_STEPS) return [];
	return flow.flatMap((step: unknown, index) => {
		const { type, number } = (step ?? {}) as Record<string, unknown>; // whatever it is: what is read is compared
		const isText = typeof number === "string" || typeof number === "number";
		if (!isText || !RINGS.includes(type) || isEntity(String(number))) return [];
		const hint = refusal(String(number), limits);
		const path = at(at("$.flow", index), "number");
		return hint ? [problem(path, number, hint)] : [];
	});
}
