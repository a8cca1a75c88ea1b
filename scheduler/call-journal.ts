import type { Clock } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import type { Log } from "../core/log.js";
import type { Traces } from "../core/trace.js";
import type { Recordings } from "../media/recordings.js";
import type { CallPatch, Calls, ClaimedCall } from "../store/store.js";
import type { NewCall } from "./dispatcher.js";
import { Journal } from "./journal.js";
import { patchFor } from "./status.js";

export interface CallJournalOptions {
	store: { calls: Pick<Calls, "append"> };
	recordings: Pick<Recordings, "pathOf">;
	/** Told of every event once it is kept. */
	tell(call: Pick<NewCall, "publish" | "traceparent">, event: CallEvent): void;
	/** Where there are none, nothing is traced. */
	traces?: Traces | undefined;
	clock: Clock;
	log: Log;
}

type JournalledCall = Pick<
	NewCall,
	"id" | "cloudId" | "metadata" | "publish" | "traceparent" | "dueAt"
> &
	Partial<Pick<ClaimedCall, "createdAt" | "attempt">>;

/** The journal of a call whose row is kept, or is kept by `insert` with its first event. */
export function callJournal(
	call: JournalledCall,
	lastSeq: number,
	{ store, recordings, tell, traces, clock, log }: CallJournalOptions,
	insert?: (queued: CallEvent) => Promise<void>,
): Journal {
	return new Journal({
		callId: call.id,
		cloudId: call.cloudId,
		metadata: call.metadata,
		lastSeq,
		clock,
		log,
		keep: (events, walked) => {
			const [first] = events;
			if (insert && first?.type === "call.queued") return insert(first);
			const pathOf = (attempt: number) => recordings.pathOf(call.id, attempt);
			const patches = events.map((event) => patchFor(event, pathOf));
			const patch: CallPatch = Object.assign({}, ...patches);
			if (walked && first) patch.walked = { ...walked, since: first.seq };
			return store.calls.append(call.id, events, patch, call.publish);
		},
		trace: traces?.call({
			...{ id: call.id, cloudId: call.cloudId },
			traceparent: call.traceparent ?? null,
			// one that begins here at once was due when it was made
			createdAt: call.createdAt ?? call.dueAt,
			attempt: call.attempt ?? 1,
		}),
		tell: (event) => tell(call, event),
	});
}
