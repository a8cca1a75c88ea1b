import { useCallback, useEffect, useState } from "react";
import {
	type Call,
	call as callSchema,
	type Delivery,
	deliveries as deliveriesSchema,
	type Event,
	events as eventsSchema,
	sipMessages,
} from "../answers.js";
import { ask, clockAheadMs, query, words } from "../api.js";
import { useReading, useSeen } from "./use-reading.js";

const PAGE = 100;
/** Deliveries that are due are looked at again after so long, and then after twice as long each time. */
const LOOK_MS = { first: 1_000, most: 300_000 };

/** While nothing is read. */
const none: readonly never[] = [];

interface Known {
	call: Call;
	events: readonly Event[];
}

/** A call and what happened in it; `refresh` reads what is new. */
export function useCall(id: string) {
	const path = `/calls/${encodeURIComponent(id)}`;
	const page = query({ call_id: id, page_size: String(PAGE) });
	const main = useReading<Known>(async (known) => {
		const [call, events] = await Promise.all([
			ask(path, callSchema),
			readEvents(path, known?.events ?? none),
		]);
		return { call, events };
	});
	const sip = useReading(() => ask(`${path}/sip`, sipMessages));
	const sent = useReading(() =>
		ask(`/webhooks/deliveries${page}`, deliveriesSchema),
	);
	const { refresh: readMain } = main;
	const { refresh: readSip } = sip;
	const { refresh: readSent } = sent;
	const refresh = useCallback(
		() => Promise.all([readMain(), readSip(), readSent()]),
		[readMain, readSip, readSent],
	);
	const call = main.value?.call ?? null;
	const deliveries = sent.value?.result ?? none;
	useLookAgain(call, deliveries, refresh);
	return {
		...{ call, deliveries, path, error: main.error, refresh },
		events: main.value?.events ?? none,
		sip: sip.value?.result ?? none,
		/** There are more of them than are read: the newest are. */
		hasMoreDeliveries: (sent.value?.next_page_token ?? null) !== null,
		/** What could not be read beside the call itself. */
		troubles: [
			...troubleOf("SIP messages", sip.error),
			...troubleOf("Webhook attempts", sent.error),
		],
	};
}

const troubleOf = (what: string, error: unknown) =>
	error ? [`${what} could not be read: ${words(error)}`] : [];

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
	call: Call | null,
	deliveries: readonly Delivery[],
	refresh: () => Promise<unknown>,
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
