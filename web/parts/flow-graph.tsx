import dagre from "@dagrejs/dagre";
import {
	Controls,
	type Edge,
	Handle,
	MarkerType,
	type Node,
	type NodeProps,
	Position,
	ReactFlow,
	type ReactFlowInstance,
} from "@xyflow/react";
import {
	type KeyboardEvent,
	useEffect,
	useMemo,
	useRef,
	useState,
} from "react";
import { edgeKey, type Shape, type Walk } from "../flow-shape.js";
import type { Theme } from "../theme.js";

const WIDTH = 190;
const HEIGHT = 58;
/** What leads up again goes along the side. */
const BACK_OUT = "back-out";
const BACK_IN = "back-in";

type StepNode = Node<
	{
		id: string;
		type: string;
		says: string;
		isWalked: boolean;
		isHere: boolean;
	},
	"step"
>;

function StepBox({ data }: NodeProps<StepNode>) {
	const { id, type, says, isWalked, isHere } = data;
	return (
		<div
			className={`step${isWalked ? " walked" : ""}${isHere ? " here" : ""}`}
			data-step={id}
		>
			<Handle type="target" position={Position.Top} isConnectable={false} />
			<div className="step-head">
				<strong>{id}</strong> <span className="step-type">{type}</span>
			</div>
			<div className="step-says">{says}</div>
			<Handle type="source" position={Position.Bottom} isConnectable={false} />
			<Handle
				{...{ id: BACK_OUT, type: "source", isConnectable: false }}
				position={Position.Right}
			/>
			<Handle
				{...{ id: BACK_IN, type: "target", isConnectable: false }}
				position={Position.Right}
			/>
		</div>
	);
}

const nodeTypes = { step: StepBox };

/** The page's keys stay the page's: a held space or shift changes no typing beside the drawing. */
const noKeys = {
	deleteKeyCode: null,
	selectionKeyCode: null,
	multiSelectionKeyCode: null,
	panActivationKeyCode: null,
	zoomActivationKeyCode: null,
};

/** Nothing in it can be selected, moved or removed, as the library's own words say. */
const ariaLabelConfig = {
	"node.a11yDescription.default": "",
	"node.a11yDescription.keyboardDisabled": "",
	"edge.a11yDescription.default": "",
	"controls.ariaLabel": "How it is seen",
	"controls.zoomIn.ariaLabel": "Larger",
	"controls.zoomOut.ariaLabel": "Smaller",
	"controls.fitView.ariaLabel": "All of it",
};

const PAN_PX = 60;
const panned: Readonly<Record<string, readonly [number, number]>> = {
	ArrowLeft: [PAN_PX, 0],
	ArrowRight: [-PAN_PX, 0],
	ArrowUp: [0, PAN_PX],
	ArrowDown: [0, -PAN_PX],
};

/** Hundreds of steps in a row are seen whole. */
const SMALLEST = 0.005;
/** Smaller than this nobody reads a step. */
const READABLE = 0.45;

/** The current step and what is around it. */
function showStep(
	drawn: ReactFlowInstance<StepNode> | null,
	here: string | null,
): void {
	if (here === null) return;
	void drawn?.fitView({ nodes: [{ id: here }], maxZoom: 2 * READABLE });
}

/** A flow, top to bottom; what was walked is lit, and the current step marked. */
export function FlowGraph({
	shape,
	walk,
	theme,
	label,
}: {
	shape: Shape;
	walk: Walk;
	theme: Theme;
	label: string;
}) {
	const places = useMemo(() => placesOf(shape), [shape]);
	const nodes = useMemo(
		() => shape.nodes.map((node) => boxOf(node, places, walk)),
		[shape, places, walk],
	);
	const edges = useMemo(
		() => arrowsOf(shape, places, walk),
		[shape, places, walk],
	);
	const [drawn, setDrawn] = useState<ReactFlowInstance<StepNode> | null>(null);
	const outline = shape.nodes.map(({ id }) => id).join(" ");
	const here = walk.current;
	const isLarge = useRef(false);
	// biome-ignore lint/correctness/useExhaustiveDependencies: another flow is to be seen whole
	useEffect(() => {
		const frame = requestAnimationFrame(async () => {
			await drawn?.fitView({ maxZoom: 1 });
			isLarge.current = (drawn?.getZoom() ?? 1) < READABLE;
			if (isLarge.current) showStep(drawn, here);
		});
		return () => cancelAnimationFrame(frame);
	}, [drawn, outline]);
	useEffect(() => {
		if (isLarge.current) showStep(drawn, here);
	}, [drawn, here]);
	const pan = (event: KeyboardEvent<HTMLElement>) => {
		const by = panned[event.key];
		// keys of the buttons within are theirs
		if (!by || !drawn || event.target !== event.currentTarget) return;
		event.preventDefault();
		const { x, y, zoom } = drawn.getViewport();
		void drawn.setViewport({ x: x + by[0], y: y + by[1], zoom });
	};
	return (
		<section
			className="graph"
			aria-label={`${label}; arrows move it`}
			// biome-ignore lint/a11y/noNoninteractiveTabindex: one stop for all of it
			tabIndex={0}
			onKeyDown={pan}
		>
			<ReactFlow
				{...{ nodes, edges, nodeTypes, ...noKeys, ariaLabelConfig }}
				colorMode={theme}
				elementsSelectable={false}
				nodesFocusable={false}
				onInit={setDrawn}
				fitView
				fitViewOptions={{ maxZoom: 1 }}
				minZoom={SMALLEST}
				nodesDraggable={false}
				nodesConnectable={false}
				edgesFocusable={false}
				zoomOnScroll={false}
				preventScrolling={false}
				proOptions={{ hideAttribution: true }}
			>
				<Controls showInteractive={false} />
			</ReactFlow>
		</section>
	);
}

type Places = ReadonlyMap<string, { x: number; y: number }>;

function placesOf({ nodes, edges }: Shape): Places {
	const graph = new dagre.graphlib.Graph();
	graph.setGraph({ rankdir: "TB", nodesep: 36, ranksep: 56 });
	graph.setDefaultEdgeLabel(() => ({}));
	// dagre keys plain objects by them: a step may be called `constructor` or `__proto__`
	const keys = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
	const keyOf = (id: string) => keys.get(id) ?? "";
	for (const key of keys.values())
		graph.setNode(key, { width: WIDTH, height: HEIGHT });
	for (const { from, to } of downwards(edges))
		graph.setEdge(keyOf(from), keyOf(to));
	dagre.layout(graph);
	return new Map(
		[...keys].map(([id, key]) => {
			const { x, y } = graph.node(key);
			return [id, { x: x - WIDTH / 2, y: y - HEIGHT / 2 }];
		}),
	);
}

/** All but those that lead back: a long one takes a place in each row that it passes, which for a large flow takes seconds. */
function downwards(edges: Shape["edges"]): Shape["edges"] {
	const leaving = new Map<string, Shape["edges"]>();
	for (const edge of edges)
		leaving.set(edge.from, [...(leaving.get(edge.from) ?? []), edge]);
	const seen = new Set<string>();
	const above = new Set<string>();
	const down: Shape["edges"] = [];
	const visit = (id: string) => {
		seen.add(id);
		above.add(id);
		for (const edge of leaving.get(id) ?? []) {
			if (above.has(edge.to)) continue;
			down.push(edge);
			if (!seen.has(edge.to)) visit(edge.to);
		}
		above.delete(id);
	};
	for (const { from } of edges) if (!seen.has(from)) visit(from);
	return down;
}

function boxOf(
	node: Shape["nodes"][number],
	places: Places,
	walk: Walk,
): StepNode {
	const { id, type, says } = node;
	const isWalked = walk.steps.has(id);
	const isHere = walk.current === id;
	const state = isHere ? ", the current step" : isWalked ? ", walked" : "";
	return {
		...{ id, type: "step" },
		position: places.get(id) ?? { x: 0, y: 0 },
		...{ width: WIDTH, height: HEIGHT },
		// else the library forgets where arrows begin whenever a step changes, and two changes at once leave them out for good
		measured: { width: WIDTH, height: HEIGHT },
		data: { id, type, says, isWalked, isHere },
		ariaRole: "img",
		ariaLabel: `Step ${id}, ${type}${state}${says ? `: ${says}` : ""}`,
	};
}

/** Edges between the same two steps are one arrow with all their names. */
function arrowsOf({ edges }: Shape, places: Places, walk: Walk): Edge[] {
	const arrows = new Map<
		string,
		{ edge: Shape["edges"][number]; names: string[] }
	>();
	for (const edge of edges) {
		const pair = JSON.stringify([edge.from, edge.to]);
		const arrow = arrows.get(pair) ?? { edge, names: [] };
		arrow.names.push(edge.name);
		arrows.set(pair, arrow);
	}
	return [...arrows].map(
		([
			id,
			{
				edge: { from, to },
				names,
			},
		]) => {
			const isWalked = names.some((name) =>
				walk.edges.has(edgeKey(from, name, to)),
			);
			const rises = (places.get(to)?.y ?? 0) <= (places.get(from)?.y ?? 0);
			const label = names.filter((name) => name !== "next_step").join(", ");
			return {
				...{ id, source: from, target: to, label },
				...(rises && { sourceHandle: BACK_OUT, targetHandle: BACK_IN }),
				className: isWalked ? "walked" : "",
				markerEnd: {
					type: MarkerType.ArrowClosed,
					color: isWalked ? "var(--accent)" : "var(--edge)",
				},
				...{ zIndex: isWalked ? 1 : 0, type: "smoothstep" },
			};
		},
	);
}
