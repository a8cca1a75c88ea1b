import type { StepDefinition } from "../steps/step.js";

/** Ids of steps by the names of edges. */
type Edges = ReadonlyMap<string, string>;

const DIGITS = "<digits>";

/** Where a step can lead, whatever happens in it; `ends`: it can end the flow without anybody hanging up. */
export interface Ways {
	to: ReadonlySet<string>;
	ends: boolean;
}

/** The edge that an outcome takes: the first of its own that the step has. */
export function edgeTaken(
	definition: StepDefinition,
	edges: Edges,
	{ outcome, digits = "" }: { outcome: string; digits?: string | undefined },
): { wanted: string; name: string; to: string } | null {
	for (const wanted of definition.outcomes[outcome]?.edges ?? []) {
		const name = wanted.replace(DIGITS, () => digits);
		const to = edges.get(name);
		if (to !== undefined) return { wanted, name, to };
	}
	return null;
}

/** Of all outcomes together. An edge that every outcome passes over leads nowhere. `isSilent`: nobody presses a key. */
export function waysOf(
	definition: StepDefinition,
	edges: Edges,
	isSilent = false,
): Ways {
	const to = new Set<string>();
	let ends = false;
	for (const [outcome, { edges: wanted }] of Object.entries(
		definition.outcomes,
	)) {
		// after a hang-up nothing can come
		if (wanted.length === 0) continue;
		if (isSilent && outcome === "pressed") continue;
		let isTaken = false;
		for (const name of wanted) {
			if (isTaken) break;
			for (const one of name.endsWith(DIGITS) ? exact(edges) : [name]) {
				const next = edges.get(one);
				if (next === undefined) continue;
				to.add(next);
				isTaken ||= one === name;
			}
		}
		ends ||= !isTaken;
	}
	return { to, ends };
}

/** Names of edges for exact digits. */
const exact = (edges: Edges): string[] =>
	[...edges.keys()].filter(
		(name) => /^flow\.[0-9A-D*#]+$/.test(name) && name !== "flow.*",
	);
