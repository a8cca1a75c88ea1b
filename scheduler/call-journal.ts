import type { Clock } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import type { Recordings } from "../media/recordings.js";
import type { Calls } from "../store/store.js";
import type { NewCall } from "./dispatcher.js";
import { Journal } from "./journal.js";
import { patchFor } from "./status.js";

export interface CallJournalOptions {
	store: { calls: Pick<Calls, "append"> };
	recordings: Pick<Recordings, "pathOf">;
	/** Told of every event once it is kept. */
	tell(call: Pick<NewCall, "publish">, event: CallEvent): void;
	clock: Clock;
}

/** The journal of a call whose row is kept, or is kept by `insert` with its first event. */
export function callJournal(
	call: Pick<NewCall, "id" | "cloudId" | "metadata" | "publish">,
	lastSeq: number,
	{ store, recordings, tell, clock }: CallJournalOptions,
	insert?: (queued: CallEvent) => Promise<void>,
): Journal {
	return new Journal({
		callId: call.id,
		cloudId: call.cloudId,
		metadata: call.metadata,
		lastSeq,
		clock,
		keep: (events) => {
			const [first] = events;
			if (insert && first?.type === "call.queued") return insert(first);
			const pathOf = (attempt: number) => recordings.pathOf(call.id, attempt);
			const patches = events.map((event) => patchFor(event, pathOf));
			const patch = Object.assign({}, ...patches);
			return store.calls.append(call.id, events, patch, call.publish);
		},
		tell: (event) => tell(call, event),
	});
}
