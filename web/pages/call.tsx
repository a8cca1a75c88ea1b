import { useCallback, useMemo, useState } from "react";
import { anything, type Event, keptFlow } from "../answers.js";
import { ask } from "../api.js";
import { draft, type Kept } from "../draft.js";
import { edgeKey, shapeOf, type Walk } from "../flow-shape.js";
import { useEvents, useThrottled } from "../live.js";
import { Facts } from "../parts/facts.js";
import { FlowGraph } from "../parts/flow-graph.js";
import { Live } from "../parts/live.js";
import { markersIn } from "../parts/markers.js";
import { Recording } from "../parts/recording.js";
import { Timeline } from "../parts/timeline.js";
import { useCall } from "../parts/use-call.js";
import { useReading } from "../parts/use-reading.js";
import { Failures, SureButton } from "../parts/words.js";
import type { Theme } from "../theme.js";

const REFRESH_MS = 700;

/** One call: what is known of it, its flow, what happened, its recording. */
export function CallPage({
	id,
	theme,
	mayWrite,
}: {
	id: string;
	theme: Theme;
	mayWrite: boolean;
}) {
	const known = useCall(id);
	const { call, events, path, refresh } = known;
	/** What came of stopping it. */
	const [failed, setFailed] = useState<unknown>(null);
	const isOver = call?.status === "ended";
	const soon = useThrottled(refresh, REFRESH_MS);
	const live = useEvents({
		...{ filter: { call_id: id }, sinceMs: 0, onEvent: soon, onMissed: soon },
		// call.ended is the last event; before the first reading it may be there already
		isOver: call === null || (isOver && events.at(-1)?.type === "call.ended"),
	});
	const { value: kept, error: flowError } = useFlow(path, events);
	const shape = useMemo(() => shapeOf(kept?.flow), [kept]);
	const since = kept?.since ?? 0;
	const walk = useMemo(
		() => walkOf(events, since, isOver),
		[events, since, isOver],
	);
	const isRecorded = call?.record ?? false;
	const markersOf = useCallback(
		(attempt: number) => markersIn(events, attempt, isRecorded),
		[events, isRecorded],
	);
	const recorded = events
		.filter(({ type }) => type === "recording.ready")
		.map(({ data }) => Number(data.attempt));
	const stop = () => {
		setFailed(null);
		return ask(`${path}/stop`, anything, "POST", {}).then(refresh, setFailed);
	};
	return (
		<>
			<div className="head">
				<h1>Call to {call?.number ?? "…"}</h1>
				{call && !isOver && <Live state={live} />}
				{mayWrite && call && !isOver && (
					<SureButton sure="Really stop" onSure={stop}>
						Stop the call
					</SureButton>
				)}
			</div>
			<Failures errors={[!isOver && failed, known.error, flowError]} />
			{call && <Facts call={call} />}
			{shape.nodes.length > 0 && (
				<>
					<div className="head">
						<h2>Flow</h2>
						<button
							type="button"
							onClick={() => {
								if (kept) draft.open(kept);
								location.hash = "#/editor";
							}}
						>
							Open in the editor
						</button>
					</div>
					<FlowGraph {...{ shape, walk, theme }} label="Flow of the call" />
				</>
			)}
			{recorded.length > 0 && call && !call.recording?.deleted_at && (
				<Recording callId={id} attempts={recorded} {...{ markersOf, theme }} />
			)}
			{events.length > 0 && <Timeline {...known} />}
		</>
	);
}

type WalkedFlow = Kept & { since: number };

/** What it walks since which event: also where it was taken elsewhere, and back for the next attempt. */
function useFlow(path: string, events: readonly Event[]) {
	return useReading<WalkedFlow>(
		async () => {
			const answer = await ask(`${path}/flow`, keptFlow);
			const { flow, variables, redirected_to } = answer;
			return { flow, since: 0, ...redirected_to, variables };
		},
		String(events.filter(isRedirect).length),
	);
}

const isRedirect = ({ type, data }: Event) =>
	type === "call.attempt_ended" ||
	(type === "call.controlled" && data.command === "redirect");

/** Of the newest attempt, after the event with the seq `since`. */
function walkOf(all: readonly Event[], since: number, isOver: boolean): Walk {
	const before = all.findLastIndex(
		({ type, data }) => type === "call.attempt_ended" && data.next_at !== null,
	);
	const events = all.slice(before + 1).filter(({ seq }) => seq > since);
	const steps = new Set<string>();
	const edges = new Set<string>();
	let current: string | null = null;
	for (const { type, data } of events) {
		const id = String(data.step_id ?? "");
		if (type === "step.started") {
			steps.add(id);
			current = id;
		}
		if (type !== "step.finished") continue;
		const edge = data.edge as { name: string; to: string } | null; // docs/events.md
		if (edge) edges.add(edgeKey(id, edge.name.replace(/^flow\./, ""), edge.to));
		// the next one begins at once
		if (!edge && current === id) current = null;
	}
	return { steps, edges, current: isOver ? null : current };
}
