import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import {
	type Call,
	call as callSchema,
	type Delivery,
	deliveries as deliveriesSchema,
	type Event,
	events as eventsSchema,
	type SipMessage,
	sipMessages,
} from "../answers.js";
import { ask, clockAheadMs, query, words } from "../api.js";
import { useInTurn } from "../live.js";

const PAGE = 100;
/** Deliveries that are due are looked at again after so long, and then after twice as long each time. */
const LOOK_MS = { first: 1_000, most: 300_000 };

/** What is known of a call. */
interface Known {
	call: Call | null;
	events: readonly Event[];
	sip: readonly SipMessage[];
	deliveries: readonly Delivery[];
	/** There are more of them than are read: the newest are. */
	hasMoreDeliveries: boolean;
	/** What could not be read beside the call itself. */
	troubles: readonly string[];
}

const nothing: Known = {
	...{ call: null, events: [], sip: [], deliveries: [] },
	...{ hasMoreDeliveries: false, troubles: [] },
};

/** A call and what happened in it; `refresh` reads what is new. */
export function useCall(id: string) {
	const path = `/calls/${encodeURIComponent(id)}`;
	const [known, setKnown] = useState(nothing);
	const [error, setError] = useState<unknown>(null);
	const latest = useRef(known);
	const refresh = useInTurn(async () => {
		try {
			latest.current = await readMore(id, path, latest.current);
			setKnown(latest.current);
			setError(null);
		} catch (refused) {
			setError(refused);
		}
	});
	useEffect(() => void refresh(), [refresh]);
	useLookAgain(known, refresh);
	return { ...known, path, error, refresh };
}

async function readMore(
	id: string,
	path: string,
	known: Known,
): Promise<Known> {
	const troubles: string[] = [];
	const orTrouble = <Answer>(what: string, answer: Promise<Answer>) =>
		answer.catch((refused) => {
			troubles.push(`${what} could not be read: ${words(refused)}`);
			return null;
		});
	const page = query({ call_id: id, page_size: String(PAGE) });
	const [call, events, sip, deliveries] = await Promise.all([
		ask(path, callSchema),
		readEvents(path, known.events),
		orTrouble("SIP messages", ask(`${path}/sip`, sipMessages)),
		orTrouble(
			"Webhook attempts",
			ask(`/webhooks/deliveries${page}`, deliveriesSchema),
		),
	]);
	return {
		...{ call, events, troubles },
		sip: sip?.result ?? known.sip,
		deliveries: deliveries?.result ?? known.deliveries,
		hasMoreDeliveries: deliveries
			? deliveries.next_page_token !== null
			: known.hasMoreDeliveries,
	};
}

/** The same list where nothing is new. */
async function readEvents(
	path: string,
	known: readonly Event[],
): Promise<readonly Event[]> {
	const news: Event[] = [];
	for (;;) {
		const after_seq = String((news.at(-1) ?? known.at(-1))?.seq ?? 0);
		const { result, next_page_token } = await ask(
			`${path}/events${query({ after_seq, page_size: String(PAGE) })}`,
			eventsSchema,
		);
		news.push(...result);
		if (next_page_token === null) break;
	}
	return news.length > 0 ? [...known, ...news] : known;
}

/**
 * No event tells of what comes of a webhook, or of the BYE's answer: after the end it is looked once more, and while a delivery is on
 * its way once that is due, or ever less often where it is already. Not while nobody sees it.
 */
function useLookAgain(
	{ call, deliveries }: Known,
	refresh: () => Promise<void>,
): void {
	const [looks, setLooks] = useState(0);
	const isSeen = useSeen();
	const isOver = call?.status === "ended";
	// biome-ignore lint/correctness/useExhaustiveDependencies: what is new is looked at soon
	useEffect(() => setLooks(0), [isSeen, isOver, deliveries.length]);
	// biome-ignore lint/correctness/useExhaustiveDependencies: each reading is followed by the next
	useEffect(() => {
		const backOffMs = Math.min(LOOK_MS.first * 2 ** looks, LOOK_MS.most);
		const waitsMs = deliveries
			.filter(({ status }) => status === "pending")
			.map(untilDueMs)
			.map((ms) => (ms > 0 ? ms + LOOK_MS.first : backOffMs));
		if (isOver && looks === 0) waitsMs.push(backOffMs);
		if (!isSeen || waitsMs.length === 0) return;
		const timer = setTimeout(
			() => refresh().then(() => setLooks(looks + 1)),
			Math.min(...waitsMs),
		);
		return () => clearTimeout(timer);
	}, [call, deliveries, looks, isSeen, isOver, refresh]);
}

const untilDueMs = ({ next_at }: Delivery) =>
	next_at === null ? 0 : Date.parse(next_at) - Date.now() - clockAheadMs;

const useSeen = () => useSyncExternalStore(onSeen, () => !document.hidden);

function onSeen(changed: () => void): () => void {
	document.addEventListener("visibilitychange", changed);
	return () => document.removeEventListener("visibilitychange", changed);
}
