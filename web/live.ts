import { useCallback, useEffect, useRef, useState } from "react";
import { type Event, event } from "./answers.js";
import { checkSession, clockAheadMs, query } from "./api.js";

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
/** No page shows what happened longer ago as it happened; it reads that anew. */
const MOST_BACK_MS = 5 * 60_000;
/** When a connection is tried again that the browser has given up. */
const AGAIN_MS = { least: 2_000, most: 5_000 };

/** `off`: nothing is awaited, or nobody looks. */
export type LiveState = "connecting" | "live" | "broken" | "off";

/** Position of an instant in the live stream (docs/live.md). */
const positionAt = (epochMs: number) =>
	`${Math.round(epochMs)}-00000000-0000-0000-0000-000000000000`;

const nowMs = () => Date.now() + clockAheadMs;

interface Followed {
	/** Asks for events of one call, or of some types. */
	filter: { call_id?: string; type?: string };
	/** How far back it begins. */
	sinceMs: number;
	/** Each event once. */
	onEvent(event: Event): void;
	/** Called when events may have gone by: what is shown is to be read anew. */
	onMissed(): void;
	/** Nothing is awaited any more. */
	isOver?: boolean;
}

/**
 * Follows the account's events while the page is seen: a browser has few connections to one host (six with HTTP/1.1), and each
 * stream takes one.
 */
export function useEvents(followed: Followed): LiveState {
	const [state, setState] = useState<LiveState>("connecting");
	const latest = useRef(followed);
	latest.current = followed;
	const { filter, sinceMs, isOver = false } = followed;
	const { call_id = "", type = "" } = filter;
	useEffect(() => {
		if (isOver) return setState("off");
		const follower = new Follower({
			...{ call_id, type, sinceMs, onState: setState },
			onEvent: (event) => latest.current.onEvent(event),
			onMissed: () => latest.current.onMissed(),
		});
		const look = () => {
			if (document.hidden) follower.close();
			else follower.open();
		};
		look();
		document.addEventListener("visibilitychange", look);
		return () => {
			document.removeEventListener("visibilitychange", look);
			follower.close();
		};
	}, [call_id, type, sinceMs, isOver]);
	return state;
}

interface FollowerParts {
	call_id: string;
	type: string;
	sinceMs: number;
	onState(state: LiveState): void;
	onEvent(event: Event): void;
	onMissed(): void;
}

/** One connection after the other, each from where the last one was. */
class Follower {
	readonly #parts: FollowerParts;
	readonly #seen = new Set<string>();
	#source: EventSource | null = null;
	#again: ReturnType<typeof setTimeout> | undefined;
	/** Of the newest event. */
	#position = { at: 0, text: "" };
	#wasOpen = false;

	constructor(parts: FollowerParts) {
		this.#parts = parts;
	}

	open(): void {
		if (this.#source) return;
		clearTimeout(this.#again);
		const { call_id, type, onState } = this.#parts;
		const after = this.#after();
		const source = new EventSource(`/events${query({ call_id, type, after })}`);
		this.#source = source;
		onState("connecting");
		for (const name of types)
			source.addEventListener(name, (message) => this.#take(message));
		source.addEventListener("stream.gap", () => this.#parts.onMissed());
		source.addEventListener("stream.ended", ({ data }) => {
			// else the browser connects again by itself
			if (JSON.parse(data).reason === "signed_out") void checkSession();
		});
		source.onopen = () => {
			onState("live");
			if (this.#wasOpen) this.#parts.onMissed();
			this.#wasOpen = true;
		};
		source.onerror = () => this.#failed(source);
	}

	close(): void {
		clearTimeout(this.#again);
		this.#source?.close();
		this.#source = null;
		this.#parts.onState("off");
	}

	/** A browser gives up at any answer that is no stream, and does not say which: 503 while an instance ends, say. */
	#failed(source: EventSource): void {
		if (source !== this.#source) return;
		if (source.readyState !== EventSource.CLOSED) {
			this.#parts.onState("connecting");
			return;
		}
		this.#source = null;
		this.#parts.onState("broken");
		void checkSession();
		const { least, most } = AGAIN_MS;
		this.#again = setTimeout(
			() => this.open(),
			least + Math.random() * (most - least),
		);
	}

	#after(): string {
		const { sinceMs } = this.#parts;
		const { at, text } = this.#position;
		if (at > nowMs() - MOST_BACK_MS) return text;
		return positionAt(nowMs() - (this.#wasOpen ? MOST_BACK_MS : sinceMs));
	}

	#take({ data, lastEventId }: MessageEvent<string>): void {
		const read = event.safeParse(JSON.parse(data));
		if (!read.success || this.#seen.has(read.data.id)) return;
		this.#seen.add(read.data.id);
		const [oldest = ""] = this.#seen;
		if (this.#seen.size > MOST_SEEN) this.#seen.delete(oldest);
		this.#position = { at: Date.parse(read.data.at), text: lastEventId };
		this.#parts.onEvent(read.data);
	}
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

/** Calls `work`, which throws nothing, one at a time; who asks meanwhile has it done once more. */
export function useInTurn(work: () => Promise<unknown>): () => Promise<void> {
	const latest = useRef(work);
	latest.current = work;
	const running = useRef<Promise<void> | null>(null);
	const isAsked = useRef(false);
	return useCallback(() => {
		isAsked.current = true;
		running.current ??= (async () => {
			try {
				while (isAsked.current) {
					isAsked.current = false;
					await latest.current();
				}
			} finally {
				running.current = null;
			}
		})();
		return running.current;
	}, []);
}
