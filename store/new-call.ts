import type { Outcome } from "../core/outcome.js";
import type { KeyAnswer } from "./idempotency.js";

export interface Publish {
	url: string;
	method: "POST" | "PUT";
}

/** When a call that was not reached is tried again. */
export interface RetryPolicy {
	/** In all, the first one counted. */
	attempts: number;
	/** Seconds from the end of one to the next. */
	interval: number;
	/** Outcomes after which there is another. */
	on: readonly Outcome[];
}

/** A call as it is accepted. */
export interface NewCallRecord {
	id: string;
	cloudId: string;
	number: string;
	callerId: string;
	/** The flow as it was posted, without credentials; never changed afterwards. */
	flow: unknown;
	flowHash: string;
	variables: Record<string, string>;
	metadata: Record<string, unknown> | null;
	record: boolean;
	publish: Publish | null;
	/** What it was posted with, if anything; this instance has claimed it. */
	idempotency?: KeyAnswer | undefined;
	/** Epoch milliseconds, as all instants here. */
	createdAt: number;
	/** Not dialled before. */
	dueAt: number;
	retry: RetryPolicy | null;
	/** The call in whose flow this one was arranged. */
	parentCallId: string | null;
	/** What it was made for. */
	callbackId: string | null;
	scheduleId: string | null;
	/** The span of a client that the call belongs under (W3C Trace Context), where it was posted with one. */
	traceparent?: string | null;
}

/** Where a page ended: an instant and an id. */
export interface Position {
	at: number;
	id: string;
}
