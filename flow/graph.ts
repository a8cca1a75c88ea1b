import { didYouMean } from "../core/closest.js";
import type { Problem } from "../core/fault.js";
import type { Element } from "./element.js";
import { at, problem } from "./problem.js";

/** A guess looks at every id, and a flow may hold many thousand edges: guessing for all of them took minutes. */
const MOST_GUESSES = 20;

/** What is wrong between the elements, for each of them. `isUnderway`: the first need not be a call. */
export function checkGraph(
	elements: readonly Element[],
	isUnderway = false,
): Problem[][] {
	const firstWith = new Map<string, Element>();
	for (const element of elements)
		if (element.id !== undefined && !firstWith.has(element.id))
			firstWith.set(element.id, element);
	const entry = elements[0];
	const isRung = !isUnderway || entry?.definition?.type === "call";
	const wrongWith = wrongEdges(
		elements,
		firstWith,
		isRung ? entry?.id : undefined,
	);
	return elements.map((element) => [
		...checkUnique(element, firstWith),
		...(isUnderway && element === entry
			? []
			: checkPlace(element, element === entry)),
		...[...element.edges].flatMap(([name, to]) => {
			const hint = wrongWith.get(to.id);
			if (hint === undefined) return [];
			return [problem(edgePath(element.path, name), to.written, hint)];
		}),
	]);
}

/** Why no edge may lead to an id, for each such id. */
function wrongEdges(
	elements: readonly Element[],
	firstWith: ReadonlyMap<string, Element>,
	entry: string | undefined,
): Map<string, string> {
	const wrong = new Map<string, string>();
	for (const { id } of elements.flatMap(({ edges }) => [...edges.values()])) {
		if (wrong.has(id)) continue;
		if (id === entry)
			wrong.set(id, "the call step runs once and cannot be come back to");
		else if (!firstWith.has(id)) {
			const guess =
				wrong.size < MOST_GUESSES ? didYouMean(id, firstWith.keys()) : "";
			wrong.set(id, `no step has this id${guess}`);
		}
	}
	return wrong;
}

/** What can be come to from a first one, itself included. */
export function reachedFrom<Node>(
	first: Node | undefined,
	after: (node: Node) => Iterable<Node | undefined>,
): Set<Node> {
	const reached = new Set(first === undefined ? [] : [first]);
	// a set iterates over what is added meanwhile
	for (const node of reached)
		for (const next of after(node)) if (next !== undefined) reached.add(next);
	return reached;
}

function edgePath(path: string, name: string): string {
	return name.startsWith("flow.")
		? at(at(path, "flow"), name.slice("flow.".length))
		: at(path, name);
}

function checkUnique(
	element: Element,
	firstWith: ReadonlyMap<string, Element>,
): Problem[] {
	const { id, path, raw } = element;
	const first = id === undefined ? element : firstWith.get(id);
	if (first === undefined || first === element) return [];
	return [
		problem(
			at(path, "id"),
			raw.id,
			`${first.path} has this id already; ids are compared as strings`,
		),
	];
}

function checkPlace(
	{ definition, path, raw }: Element,
	isFirst: boolean,
): Problem[] {
	if (!definition || (definition.type === "call") === isFirst) return [];
	const hint = isFirst
		? "the first step is a call; it rings the callee"
		: "only the first step is a call; another party is rung by connect";
	return [problem(at(path, "type"), raw.type, hint)];
}
