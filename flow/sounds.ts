import type { SoundSource } from "../core/sounds.js";
import type { Variables } from "../core/template.js";
import { fillStep } from "../steps/fill.js";
import { play, sourcesOf } from "../steps/play.js";
import type { Flow } from "./flow.js";
import { reachedFrom } from "./graph.js";

/** Every sound that is known before the flow runs, of the steps that it may come to: those that hold no unset variable, each once. */
export function soundsOf(flow: Flow, variables: Variables): SoundSource[] {
	const sources = new Map<string, SoundSource>();
	for (const { definition, fields } of reachedFrom(
		flow.steps.get(flow.entry),
		({ edges }) => Array.from(edges.values(), (id) => flow.steps.get(id)),
	)) {
		if (definition.type !== play.type) continue;
		for (const source of sourcesOf(fields)) {
			const { filled, unset } = fillStep(definition, { ...source }, variables);
			if (unset.length > 0) continue;
			for (const one of sourcesOf(filled))
				sources.set(JSON.stringify(one), one);
		}
	}
	return [...sources.values()];
}
