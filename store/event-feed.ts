import type { CallEvent, EventType } from "../core/event.js";

/** An event may be seen so long after its instant: the database may take as long to keep it (store/postgres-server.ts), and clocks differ. */
export const SEEN_LATE_MS = 35_000;

/** All, if left out. */
export interface EventFilter {
	callId?: string | undefined;
	types?: readonly EventType[] | undefined;
}

/** Where an event stands among all. */
export type EventPlace = { at: number } & Pick<CallEvent, "seq" | "id">;

/** Events of an account as they are kept, whichever instance keeps them. */
export interface EventFeed {
	/** Told of every event that this instance has kept. */
	tell(event: CallEvent): void;
	/**
	 * Calls `listener` with each event of the account that is kept once this resolves, whatever its instant is, and maybe with
	 * some that were kept a moment before, each once; resolves to what ends that.
	 */
	listen(
		cloudId: string,
		listener: (event: CallEvent) => void,
	): Promise<() => void>;
	/** Up to `limit` kept events of the account after a place, in the order of their instants, and those of a call in its own. */
	since(
		cloudId: string,
		filter: EventFilter,
		page: { after: EventPlace; limit: number },
	): Promise<CallEvent[]>;
}
