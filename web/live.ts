import { useEffect, useRef, useState } from "react";
import { type Event, event } from "./answers.js";
import { clockAheadMs, query } from "./api.js";

const types = [
	"call.queued",
	"call.dialing",
	"call.ringing",
	"call.answered",
	"call.bridged",
	"call.unbridged",
	"call.controlled",
	"call.attempt_ended",
	"call.ended",
	"step.started",
	"step.finished",
	"sound.failed",
	"recording.ready",
	"recording.failed",
	"callback.scheduled",
	"callback.skipped",
];
/** Events that change what a list of calls shows. */
export const listTypes = types.filter((type) =>
	/^call\.(?!bridged|unbridged|controlled)/.test(type),
);

/** Only what came just before a break comes again. */
const MOST_SEEN = 20_000;

export type LiveState = "connecting" | "live" | "ended";

/** Position of an instant in the live stream (docs/live.md). */
const positionAt = (epochMs: number) =>
	`${Math.round(epochMs)}-00000000-0000-0000-0000-000000000000`;

/** Follows the account's events, each once, from `sinceMs` ago on; the browser connects again by itself, and misses nothing. */
export function useEvents(
	filter: { call_id?: string; type?: string },
	sinceMs: number,
	onEvent: (event: Event) => void,
): LiveState {
	const [state, setState] = useState<LiveState>("connecting");
	const listener = useRef(onEvent);
	listener.current = onEvent;
	const { call_id = "", type = "" } = filter;
	useEffect(() => {
		const seen = new Set<string>();
		const after = positionAt(Date.now() + clockAheadMs - sinceMs);
		const source = new EventSource(`/events${query({ call_id, type, after })}`);
		const take = ({ data }: MessageEvent<string>) => {
			const read = event.safeParse(JSON.parse(data));
			if (!read.success || seen.has(read.data.id)) return;
			seen.add(read.data.id);
			const [oldest = ""] = seen;
			if (seen.size > MOST_SEEN) seen.delete(oldest);
			listener.current(read.data);
		};
		for (const name of types) source.addEventListener(name, take);
		source.onopen = () => setState("live");
		source.onerror = () =>
			setState(
				source.readyState === EventSource.CLOSED ? "ended" : "connecting",
			);
		return () => source.close();
	}, [call_id, type, sinceMs]);
	return state;
}

/** Calls `work` soon after `poke`, and at most once in `everyMs`. */
export function useThrottled(work: () => void, everyMs: number): () => void {
	const latest = useRef(work);
	latest.current = work;
	const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
	const lastAt = useRef(0);
	useEffect(
		() => () => {
			if (timer.current) clearTimeout(timer.current);
		},
		[],
	);
	return () => {
		if (timer.current) return;
		const waitMs = Math.max(50, lastAt.current + everyMs - Date.now());
		timer.current = setTimeout(() => {
			timer.current = null;
			lastAt.current = Date.now();
			latest.current();
		}, waitMs);
	};
}
