import type { Sounds } from "../core/sounds.js";
import { soundsOf } from "../flow/sounds.js";
import { startVariables } from "../flow/variables.js";
import type { NewCall } from "./dispatcher.js";

const WARMED_AT_ONCE = 4;

/** Makes ready every sound that holds no unset variable, before anybody's phone rings; what fails here fails again, and is told, at its step. */
export async function warm(
	{ id, flow, variables }: Pick<NewCall, "id" | "flow" | "variables">,
	sounds: Sounds,
	signal: AbortSignal,
): Promise<void> {
	const initial = new Map(Object.entries(variables));
	const sources = soundsOf(flow, startVariables(flow, id, initial));
	const waiting = sources.values();
	// a few at a time, so that a flow of many texts does not keep other calls from theirs
	const some = async () => {
		for (const source of waiting)
			await sounds.prepare(source, signal).catch(() => {});
	};
	await Promise.all(Array.from({ length: WARMED_AT_ONCE }, some));
}
