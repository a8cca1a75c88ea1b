import { useCallback, useEffect, useMemo, useState } from "react";
import {
	anything,
	type Call,
	call as callSchema,
	type Delivery,
	deliveries as deliveriesSchema,
	type Event,
	events as eventsSchema,
	keptFlow,
	type SipMessage,
	sipMessages,
} from "../answers.js";
import { ask } from "../api.js";
import { draft } from "../draft.js";
import { edgeKey, shapeOf, type Walk } from "../flow-shape.js";
import { useEvents, useThrottled } from "../live.js";
import { Facts } from "../parts/facts.js";
import { FlowGraph } from "../parts/flow-graph.js";
import { type Marker, Recording } from "../parts/recording.js";
import { Timeline } from "../parts/timeline.js";
import { Failure, SureButton } from "../parts/words.js";
import type { Theme } from "../theme.js";
import { Live } from "./calls.js";

const REFRESH_MS = 700;
const PAGE = 100;

interface Told {
	call: Call | null;
	events: Event[];
	sip: SipMessage[];
	deliveries: Delivery[];
}

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
	const path = `/calls/${encodeURIComponent(id)}`;
	const [told, setTold] = useState<Told>({
		...{ call: null, events: [], sip: [], deliveries: [] },
	});
	const [flow, setFlow] = useState<unknown>(null);
	const [error, setError] = useState<unknown>(null);
	const refresh = useCallback(() => {
		read(id, path).then(setTold, setError);
	}, [id, path]);
	useEffect(refresh, [refresh]);
	const soon = useThrottled(refresh, REFRESH_MS);
	const live = useEvents({ call_id: id }, 0, soon);
	const { call, events, sip, deliveries } = told;
	const redirects = events.filter(isRedirect).length;
	useEffect(() => {
		// also where it was taken elsewhere, and back for the next attempt
		void redirects;
		ask(`${path}/flow`, keptFlow).then(
			({ flow, redirected_to }) => setFlow(redirected_to?.flow ?? flow),
			setError,
		);
	}, [path, redirects]);
	const shape = useMemo(() => shapeOf(flow), [flow]);
	const isOver = call?.status === "ended";
	const walk = useMemo(() => walkOf(events, isOver), [events, isOver]);
	const markersOf = useCallback(
		(attempt: number) => markersIn(events, attempt),
		[events],
	);
	const recorded = events
		.filter(({ type }) => type === "recording.ready")
		.map(({ data }) => Number(data.attempt));
	const stop = () => {
		ask(`${path}/stop`, anything, "POST", {}).then(refresh, setError);
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
			<Failure error={error} />
			{call && <Facts call={call} />}
			{shape.nodes.length > 0 && (
				<>
					<div className="head">
						<h2>Flow</h2>
						<button
							type="button"
							onClick={() => {
								draft.open(flow);
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
			{events.length > 0 && <Timeline {...{ events, sip, deliveries }} />}
		</>
	);
}

async function read(id: string, path: string): Promise<Told> {
	const none = { result: [] };
	const [call, events, sip, deliveries] = await Promise.all([
		ask(path, callSchema),
		readEvents(path),
		ask(`${path}/sip`, sipMessages).catch(() => none),
		ask(
			`/webhooks/deliveries?call_id=${encodeURIComponent(id)}&page_size=${PAGE}`,
			deliveriesSchema,
		).catch(() => none),
	]);
	return { call, events, sip: sip.result, deliveries: deliveries.result };
}

async function readEvents(path: string): Promise<Event[]> {
	const events: Event[] = [];
	let next: string | null = "";
	while (next !== null) {
		const token: string = next === "" ? "" : `&page_token=${next}`;
		const page: { result: Event[]; next_page_token: string | null } = await ask(
			`${path}/events?page_size=${PAGE}${token}`,
			eventsSchema,
		);
		events.push(...page.result);
		next = page.next_page_token;
	}
	return events;
}

/** Of the newest attempt. */
const isRedirect = ({ type, data }: Event) =>
	type === "call.attempt_ended" ||
	(type === "call.controlled" && data.command === "redirect");

function walkOf(all: readonly Event[], isOver: boolean): Walk {
	const before = all.findLastIndex(
		({ type, data }) => type === "call.attempt_ended" && data.next_at !== null,
	);
	const events = all.slice(before + 1);
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

/** Recording begins as the callee answers. */
function markersIn(events: readonly Event[], attempt: number): Marker[] {
	let dialled = 0;
	let answeredAt: number | null = null;
	const markers: Marker[] = [];
	for (const { type, at, data } of events) {
		if (type === "call.dialing") {
			dialled += 1;
			answeredAt = null;
		}
		if (type === "call.answered") answeredAt = Date.parse(at);
		if (type !== "step.started" || dialled !== attempt || answeredAt === null)
			continue;
		const atS = (Date.parse(at) - answeredAt) / 1_000;
		markers.push({ atS, stepId: String(data.step_id) });
	}
	return markers;
}
