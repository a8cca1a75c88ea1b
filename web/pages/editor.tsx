import {
	useDeferredValue,
	useEffect,
	useId,
	useMemo,
	useRef,
	useState,
} from "react";
import { type Simulated, type Validated, validated } from "../answers.js";
import { ask, words } from "../api.js";
import { draft } from "../draft.js";
import { edgeKey, shapeOf, type Walk } from "../flow-shape.js";
import { locate } from "../locate.js";
import { FlowGraph } from "../parts/flow-graph.js";
import { Problems } from "../parts/problems.js";
import { Simulation } from "../parts/simulation.js";
import { TestCall } from "../parts/test-call.js";
import { useReading } from "../parts/use-reading.js";
import { Failure } from "../parts/words.js";
import type { Theme } from "../theme.js";

const CHECK_MS = 300;
/** As GET /calls/{id}/flow writes it. */
const HIDDEN = "***";

type Read =
	| { request: Record<string, unknown>; isList: boolean }
	| { error: string };

/** A list of steps, or a whole request with a flow in it. */
function readText(text: string): Read {
	try {
		const json: unknown = JSON.parse(text);
		if (Array.isArray(json)) return { request: { flow: json }, isList: true };
		if (typeof json === "object" && json !== null)
			return { request: { ...json }, isList: false };
		return { error: "Write a list of steps, or an object with a flow" };
	} catch (error) {
		return { error: words(error) };
	}
}

/** A flow as text, drawn and checked as it is typed; simulated, and rung. */
export function EditorPage({
	theme,
	mayWrite,
}: {
	theme: Theme;
	mayWrite: boolean;
}) {
	const [text, setText] = useState(draft.text);
	const [walked, setWalked] = useState<Simulated | null>(null);
	const area = useRef<HTMLTextAreaElement>(null);
	const id = useId();
	const read = useMemo(() => readText(text), [text]);
	const request = "request" in read ? read.request : null;
	const { checked, good, error } = useChecked(text);
	useEffect(() => {
		draft.text = text;
		setWalked(null);
	}, [text]);
	// while a bracket is missing, what was last whole stays drawn; typing does not wait for the drawing
	const drawn = useRef(shapeOf(null));
	const toDraw = useDeferredValue(request);
	const shape = useMemo(() => {
		if (toDraw) drawn.current = shapeOf(toDraw.flow);
		return drawn.current;
	}, [toDraw]);
	const walk = useMemo(() => walkOf(walked), [walked]);
	const show = (path: string) => {
		const isList = "isList" in read && read.isList;
		const within = isList ? path.replace(/^\$\.flow/, "$") : path;
		const place = locate(text, within) ?? { start: 0, end: 0 };
		area.current?.focus();
		area.current?.setSelectionRange(place.start, place.end);
		scrollTo(area.current, text, place.start);
	};
	return (
		<>
			<h1>Flow editor</h1>
			<div className="editor">
				<div>
					<label htmlFor={id}>A list of steps, or a request with a flow</label>
					<textarea
						{...{ id, ref: area, value: text }}
						spellCheck={false}
						autoComplete="off"
						onChange={({ target }) => setText(target.value)}
					/>
				</div>
				<FlowGraph {...{ shape, walk, theme }} label="The flow, drawn" />
			</div>
			{text.includes(HIDDEN) && (
				<p className="hint">
					{HIDDEN} stands where a call's flow is not shown whole: write what
					belongs there before it is rung.
				</p>
			)}
			<div>
				<p className="verdict" aria-live="polite">
					{"error" in read ? (
						<span className="problem">{read.error}</span>
					) : checked === null ? (
						"checking…"
					) : checked.valid ? (
						<span className="badge good">this flow can run</span>
					) : (
						<span className="badge bad">
							this flow cannot run ({checked.problems.length})
						</span>
					)}
				</p>
				<Failure error={error} />
				<Problems
					title="What is wrong"
					problems={checked?.problems ?? []}
					kind="bad"
					onShow={show}
				/>
				<Problems
					title="What is odd"
					problems={checked?.warnings ?? []}
					kind="odd"
					onShow={show}
				/>
			</div>
			<div className="two">
				{request && checked?.valid && (
					<Simulation
						key={text}
						{...{ request, walked }}
						onWalked={setWalked}
					/>
				)}
				{mayWrite && good && (
					<TestCall request={request ?? good} isOff={!checked?.valid} />
				)}
			</div>
		</>
	);
}

interface Checked {
	/** What was checked. */
	text: string;
	answer: Validated | null;
	/** The last flow that could run. */
	good: Record<string, unknown> | null;
}

/** What the service says of a text once nothing is typed for a moment; of that text alone. */
function useChecked(text: string) {
	const [settled, setSettled] = useState(text);
	useEffect(() => {
		const timer = setTimeout(() => setSettled(text), CHECK_MS);
		return () => clearTimeout(timer);
	}, [text]);
	const { value, error } = useReading<Checked>(async (known) => {
		const good = known?.good ?? null;
		const read = readText(settled);
		if ("error" in read) return { text: settled, answer: null, good };
		const { request } = read;
		const path = "/call/flow/validate";
		const answer = await ask(path, validated, "POST", request);
		return { text: settled, answer, good: answer.valid ? request : good };
	}, settled);
	return {
		checked: value?.text === text ? value.answer : null,
		good: value?.good ?? null,
		error: settled === text ? error : null,
	};
}

function walkOf(walked: Simulated | null): Walk {
	const steps = new Set<string>();
	const edges = new Set<string>();
	for (const { step_id, edge } of walked?.steps ?? []) {
		steps.add(step_id);
		if (edge)
			edges.add(edgeKey(step_id, edge.name.replace(/^flow\./, ""), edge.to));
	}
	const { end } = walked ?? {};
	const current = end?.reason === "waits" ? end.step_id : null;
	return { steps, edges, current };
}

/** A selection that is set by a program is not scrolled to. */
function scrollTo(
	area: HTMLTextAreaElement | null,
	text: string,
	position: number,
): void {
	if (!area) return;
	const lines = text.split("\n").length;
	const before = text.slice(0, position).split("\n").length - 1;
	area.scrollTop = (area.scrollHeight * before) / lines - area.clientHeight / 3;
}
