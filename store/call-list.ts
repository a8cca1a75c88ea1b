import type { Outcome } from "../core/outcome.js";
import type { NewCallRecord, Position } from "./new-call.js";

export const callStatuses = [
	/** Waits for its instant: `start_at`, or the next attempt. */
	"scheduled",
	/** Waits for its turn. */
	"queued",
	"dialing",
	"ringing",
	"answered",
	"ended",
] as const;
export type CallStatus = (typeof callStatuses)[number];

/** What calls of an account are looked for by; all that is given must hold. */
export interface CallFilter {
	status?: CallStatus | undefined;
	outcome?: Outcome | undefined;
	/** As it was written. */
	number?: string | undefined;
	/** Created then or later, epoch milliseconds. */
	from?: number | undefined;
	/** Created before. */
	before?: number | undefined;
	parentCallId?: string | undefined;
}

/** A page in the order of an instant and an id. */
export interface PositionPage {
	after: Position | null;
	limit: number;
}

/** A flow as plain JSON. */
export type WalkedFlow = Pick<NewCallRecord, "flow" | "flowHash">;

/** The flow that a call was redirected to, by the event with this seq. */
export type Redirected = WalkedFlow & { since: number };

/** What a call walks and begins with, as it was accepted. */
export type KeptFlow = WalkedFlow &
	Pick<NewCallRecord, "variables"> & {
		/** What its last attempt was redirected to, the last time; null if it was not. */
		redirectedTo: Redirected | null;
	};
