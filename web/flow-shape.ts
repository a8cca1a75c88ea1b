/** A flow as far as it can be drawn: whatever was typed may be half of one. */
export interface Shape {
	nodes: { id: string; type: string; says: string }[];
	edges: { from: string; to: string; name: string }[];
}

const LONGEST = 60;

export function shapeOf(flow: unknown): Shape {
	const steps = Array.isArray(flow) ? flow.filter(isRecord) : [];
	const nodes = new Map<string, Shape["nodes"][number]>();
	const edges: Shape["edges"] = [];
	for (const step of steps) {
		const id = idOf(step.id);
		if (id === null || nodes.has(id)) continue;
		nodes.set(id, { id, type: textOf(step.type) || "?", says: saysOf(step) });
		const named = isRecord(step.flow) ? Object.entries(step.flow) : [];
		for (const [name, target] of [...named, ["next_step", step.next_step]]) {
			const to = idOf(target);
			if (to !== null) edges.push({ from: id, to, name: String(name) });
		}
	}
	return {
		nodes: [...nodes.values()],
		edges: edges.filter(({ to }) => nodes.has(to)),
	};
}

/** What tells a step from others of its type. */
function saysOf(step: Record<string, unknown>): string {
	const text = textOf(
		step.text ?? step.url ?? step.number ?? step.variable ?? step.entity,
	);
	return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

const idOf = (id: unknown) =>
	typeof id === "string" || typeof id === "number" ? String(id) : null;

/** Empty where it is none: an object with a `toString` of its own cannot even be made one. */
export const textOf = (value: unknown) =>
	typeof value === "object" || value === undefined ? "" : String(value);

export const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === "object" && value !== null && !Array.isArray(value);

/** What of a flow was walked. */
export interface Walk {
	steps: ReadonlySet<string>;
	/** Each as `edgeKey` writes it. */
	edges: ReadonlySet<string>;
	/** The step that runs now, or where a simulation waits. */
	current: string | null;
}

export const edgeKey = (from: string, name: string, to: string) =>
	JSON.stringify([from, name, to]);
