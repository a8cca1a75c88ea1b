import { didYouMean } from "../core/closest.js";
import type { Problem } from "../core/fault.js";
import { namesIn } from "../core/template.js";
import { isReserved } from "../steps/fields.js";
import type { StepDefinition } from "../steps/step.js";
import { components } from "./components.js";
import type { Element } from "./element.js";
import { reachedFrom } from "./graph.js";
import { MOST_STEPS } from "./limits.js";
import { at, problem } from "./problem.js";
import { waysOf } from "./ways.js";

/** An element without problems. */
interface Node {
	id: string;
	path: string;
	raw: Element["raw"];
	definition: StepDefinition;
	fields: Element["fields"];
	/** Where it can lead. */
	after: readonly Node[];
	/** Where it can lead while nobody presses a key. */
	afterSilence: readonly Node[];
	/** It can end the flow while nobody presses a key. */
	ends: boolean;
}

/** Set before the first step. */
const AT_START = ["call.id", "call.number", "call.caller_id"];
/** As many ids of a loop are named. */
const MOST_NAMED = 5;
/** As many guesses are made for names of variables. */
const MOST_GUESSES = 20;

/** What is odd between the steps of a flow that can run. `given`: names of the variables that it is started with. */
export function lint(
	elements: readonly Element[],
	given: Iterable<string> = [],
): Problem[] {
	const nodes = nodesOf(elements);
	const reached = reachedFrom(nodes[0], ({ after }) => after);
	return [
		...nodes.filter((node) => !reached.has(node)).map(unreached),
		...loops(reached),
		...unset(nodes, reached, given),
	];
}

function nodesOf(elements: readonly Element[]): Node[] {
	type Growing = Node & { after: Node[]; afterSilence: Node[] };
	const byId = new Map<string, Growing>();
	for (const { id, path, raw, definition, fields } of elements) {
		if (id === undefined || !definition)
			throw new Error("an element with problems was linted");
		byId.set(id, {
			...{ id, path, raw, definition, fields },
			...{ after: [], afterSilence: [], ends: false },
		});
	}
	const nodes = [...byId.values()];
	for (const [index, { edges }] of elements.entries()) {
		const node = nodes[index];
		if (!node) continue;
		const plain = new Map([...edges].map(([name, { id }]) => [name, id]));
		const stepsAt = (ids: Iterable<string>) =>
			Array.from(ids, (id) => byId.get(id) ?? []).flat();
		const silent = waysOf(node.definition, plain, true);
		node.after.push(...stepsAt(waysOf(node.definition, plain).to));
		node.afterSilence.push(...stepsAt(silent.to));
		node.ends = silent.ends;
	}
	return nodes;
}

const unreached = ({ path, raw }: Node): Problem =>
	problem(at(path, "id"), raw.id, "no step leads here, so it never runs");

/** A loop that goes on for as long as nobody presses a key, and one that goes round by itself. */
function loops(nodes: ReadonlySet<Node>): Problem[] {
	const told = new Set<Node>();
	const tell = (all: readonly Node[][], says: string): Problem[] =>
		all.flatMap((loop) => {
			for (const node of loop) told.add(node);
			// in the order in which they are come to
			const inOrder = [...nodes].filter((node) => loop.includes(node));
			return inOrder.slice(0, 1).map(({ path, raw }) => {
				const hint = `${named(inOrder)} ${says}`;
				return problem(at(path, "id"), raw.id, hint);
			});
		});
	const around = (waiting: readonly StepDefinition["waitsFor"][]) => {
		const some = [...nodes].filter(
			(node) => !told.has(node) && !waiting.includes(node.definition.waitsFor),
		);
		return loopsOf(some, ({ after }) => after);
	};
	const silent = loopsOf([...nodes], ({ afterSilence }) => afterSilence);
	return [
		...tell(
			silent.filter(hasNoExit),
			`go on without an end while nobody presses a key, as with a voicemail, until somebody hangs up, max_duration or ${MOST_STEPS} steps; lead one of them out, such as by the edge timeout of a keypad`,
		),
		...tell(
			around(["digits", "party", "server"]),
			"go round without any input, so each time is as the time before; add a keypad, or lead one of them out",
		),
		...tell(
			around(["digits", "party", "sound"]),
			`ask a server again at once and without a pause, up to ${MOST_STEPS} times; add a play, or lead the edge fail elsewhere`,
		),
	];
}

function loopsOf(
	nodes: readonly Node[],
	next: (node: Node) => readonly Node[],
): Node[][] {
	const some = new Set(nodes);
	const after = (node: Node) => next(node).filter((one) => some.has(one));
	return components(nodes, after).filter(
		([first, second]) =>
			second !== undefined || (first && after(first).includes(first)),
	);
}

function hasNoExit(loop: readonly Node[]): boolean {
	const inside = new Set(loop);
	return loop.every(
		({ ends, afterSilence }) =>
			!ends && afterSilence.every((next) => inside.has(next)),
	);
}

function named(loop: readonly Node[]): string {
	const ids = loop.slice(0, MOST_NAMED).map(({ id }) => `"${id}"`);
	const more = loop.length - ids.length;
	const all = more > 0 ? [...ids, `${more} more`] : ids;
	if (all.length === 1) return `the step ${all[0]} leads to itself: its rounds`;
	return `the steps ${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

/** A template that reads a variable which no step before it sets. */
function unset(
	nodes: readonly Node[],
	reached: ReadonlySet<Node>,
	given: Iterable<string>,
): Problem[] {
	const atStart = new Set([...AT_START, ...given]);
	const before = setBefore(reached);
	const everywhere = new Set(nodes.flatMap(setBy));
	const known = () => [...atStart, ...everywhere];
	let guesses = 0;
	return [...reached].flatMap((node) =>
		readsOf(node).flatMap(({ path, name }) => {
			if (atStart.has(name) || before(node, name)) return [];
			const guess = guesses++ < MOST_GUESSES ? didYouMean(name, known()) : "";
			const hint = everywhere.has(name)
				? "no step that can come before this one sets it, so it is empty here"
				: isReserved(name)
					? `no step sets it, and variables cannot hold it, so it is empty${guess}`
					: `no step sets it, so it is empty unless variables holds it${guess}`;
			return [problem(path, `<<${name}>>`, hint)];
		}),
	);
}

const setBy = ({ definition, fields }: Node): readonly string[] =>
	definition.sets?.(fields) ?? [];

/** Whether a name may be set when a step begins. Names are bits: a flow may hold many edges. */
function setBefore(
	reached: ReadonlySet<Node>,
): (node: Node, name: string) => boolean {
	const bits = new Map<string, bigint>();
	for (const name of [...reached].flatMap(setBy))
		if (!bits.has(name)) bits.set(name, 1n << BigInt(bits.size));
	const own = (node: Node) =>
		setBy(node).reduce((all, name) => all | (bits.get(name) ?? 0n), 0n);
	const begin = new Map<Node, bigint>();
	// components come after those that they lead to: the other way round, each is whole before it hands on
	for (const component of components(
		reached,
		({ after }) => after,
	).toReversed()) {
		const inside = new Set(component);
		const isLoop = component.some(({ after }) =>
			after.some((next) => inside.has(next)),
		);
		let all = 0n;
		for (const node of component) all |= begin.get(node) ?? 0n;
		if (isLoop) for (const node of component) all |= own(node);
		for (const node of component) {
			begin.set(node, all);
			const handed = all | own(node);
			for (const next of node.after)
				if (!inside.has(next))
					begin.set(next, (begin.get(next) ?? 0n) | handed);
		}
	}
	return (node, name) =>
		((begin.get(node) ?? 0n) & (bits.get(name) ?? 0n)) !== 0n;
}

/** Each variable that a step's templates read, once for each field. */
function readsOf({ definition, fields, path }: Node) {
	return Object.keys(definition.templates).flatMap((field) =>
		textsIn(fields[field], at(path, field)).flatMap(({ path, text }) =>
			namesIn(text).map((name) => ({ path, name })),
		),
	);
}

function textsIn(
	value: unknown,
	path: string,
): { path: string; text: string }[] {
	if (typeof value === "string") return [{ path, text: value }];
	if (typeof value !== "object" || value === null) return [];
	return Object.entries(value).flatMap(([name, one]) =>
		textsIn(one, at(path, name)),
	);
}
