import type { Request, RequestHandler } from "express";
import { z } from "zod";
import { instant } from "../../core/clock.js";
import { type CallEvent, type EventType, eventData } from "../../core/event.js";
import { message } from "../../core/fault.js";
import { problem } from "../../flow/problem.js";
import {
	type EventFilter,
	type EventPlace,
	SEEN_LATE_MS,
} from "../../store/event-feed.js";
import type { Position } from "../../store/store.js";
import { cloudIdOf, isStillGood } from "../auth.js";
import type { AppDeps } from "../deps.js";
import { type EventStream, nil, readPosition } from "../event-streams.js";
import { isOutside } from "../instant.js";
import { badRequest, readQuery } from "../read-input.js";

const MINUTE_MS = 60_000;
/** How far back a stream goes that was broken. */
const REPLAYED_MS = 15 * MINUTE_MS;
const MOST_REPLAYED = 10_000;
const PAGE = 200;
/** That come while others are replayed. */
const MOST_WAITING = 2_000;

const types = Object.keys(eventData) as EventType[]; // the keys of what its type is taken from

const HINT = "take it as it came, from the id of an event of the stream";
const position = z
	.string({ error: "write it once" })
	.transform(readPosition)
	.refine((after) => after !== null && !isOutside(after.at), { error: HINT });

/** GET /events */
export const query = {
	call_id: z
		.guid({ error: "write the id of one call" })
		.optional()
		.describe("Events of this call only"),
	type: z
		.string({ error: "write it once, types separated by commas" })
		.transform((text) => text.split(","))
		.pipe(z.array(z.enum(types, { error: `write ${types.join(", ")}` })))
		.optional()
		.describe("Events of these types only, separated by commas"),
	after: position
		.optional()
		.describe("The id of an event of the stream, to go on after it"),
};

/** GET /events?call_id&type&after: server-sent events of the account's calls as they are kept; with `after` or Last-Event-ID from there on. */
export function getEvents(deps: AppDeps): RequestHandler {
	return async (request, response) => {
		const { call_id, type, after: asked } = readQuery(query, request.query);
		const after = lastEventId(request) ?? asked ?? null;
		const cloudId = cloudIdOf(response);
		if (request.method === "HEAD")
			return void response.type("text/event-stream").end();
		const filter = { callId: call_id?.toLowerCase(), types: type };
		const stream = deps.streams.open(cloudId, response, () =>
			isStillGood(response),
		);
		if (!stream) return;
		await follow(stream, deps, { cloudId, filter, after }).catch((error) => {
			if (!response.headersSent) throw error;
			deps.log.error({ err: message(error) }, "an event stream broke");
			response.destroy();
		});
	};
}

/** A browser's, which says more than the address that it was first asked for. */
function lastEventId(request: Request): Position | undefined {
	const given = request.get("last-event-id");
	if (given === undefined || given === "") return undefined;
	const read = position.safeParse(given);
	if (!read.success || !read.data)
		throw badRequest([problem("$.headers.last-event-id", given, HINT)]);
	return read.data;
}

interface Followed {
	cloudId: string;
	filter: EventFilter;
	after: Position | null;
}

/** First what was missed, then what comes; what comes meanwhile waits. */
async function follow(
	stream: EventStream,
	{ store, clock }: Pick<AppDeps, "store" | "clock">,
	{ cloudId, filter, after }: Followed,
): Promise<void> {
	let waiting: CallEvent[] | null = [];
	const sent = new Set<string>();
	const stop = await store.feed.listen(cloudId, (event) => {
		if (!isWanted(event, filter) || sent.has(event.id)) return;
		if (!waiting) stream.send(event);
		else if (waiting.push(event) > MOST_WAITING) stream.end("slow");
	});
	if (stream.over.aborted) return stop();
	stream.over.addEventListener("abort", stop, { once: true });
	stream.begin();
	if (after) {
		sent.add(after.id);
		const replayed = replay(store, clock.now(), { cloudId, filter, after });
		for await (const event of replayed) {
			if ("from" in event) stream.sendGap(event);
			else if (!sent.has(event.id)) {
				sent.add(event.id);
				stream.send(event);
			}
			await stream.taken();
			if (stream.over.aborted) return;
		}
		if (stream.over.aborted) return;
		// by then all of it was heard that ever will be
		const forget = clock.after(2 * SEEN_LATE_MS, () => sent.clear());
		stream.over.addEventListener("abort", forget, { once: true });
	}
	for (const event of waiting) if (!sent.has(event.id)) stream.send(event);
	waiting = null;
	stream.isCurrent();
}

function isWanted(
	{ call_id, type }: CallEvent,
	{ callId, types }: EventFilter,
): boolean {
	if (callId !== undefined && call_id !== callId) return false;
	return types?.includes(type) ?? true;
}

/** What was kept since, and what is left out of it. */
async function* replay(
	{ feed }: AppDeps["store"],
	now: number,
	{ cloudId, filter, after }: Followed & { after: Position },
): AsyncGenerator<CallEvent | { from: string; until: string }> {
	const oldest = now - REPLAYED_MS;
	if (after.at < oldest)
		yield { from: instant(after.at), until: instant(oldest) };
	const from = Math.max(after.at - SEEN_LATE_MS, oldest);
	let last: EventPlace = { at: from, seq: 0, id: nil };
	for (let count = 0; count < MOST_REPLAYED; count += PAGE) {
		const page = { after: last, limit: PAGE };
		const events = await feed.since(cloudId, filter, page);
		yield* events;
		const newest = events.at(-1);
		if (!newest || events.length < PAGE) return;
		last = { at: Date.parse(newest.at), seq: newest.seq, id: newest.id };
	}
	yield { from: instant(last.at), until: instant(now) };
}
