import type { Appointments } from "../core/appointments.js";
import type { CallEvent } from "../core/event.js";
import type { Outcome, Reason } from "../core/outcome.js";

export type CallStatus =
	| "queued"
	| "dialing"
	| "ringing"
	| "answered"
	| "ended";

export interface Publish {
	url: string;
	method: "POST" | "PUT";
}

export interface Recording {
	path: string;
	bytes: number;
	duration_s: number;
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
	/** Epoch milliseconds, as all instants here. */
	createdAt: number;
}

/** What becomes of it; null until it does. */
interface Progress {
	status: CallStatus;
	outcome: Outcome | null;
	reason: Reason | null;
	sipStatus: number | null;
	dialedAt: number | null;
	answeredAt: number | null;
	endedAt: number | null;
	recording: Recording | null;
}

/** A call as it is read: all but the flow and the variables, which can be large. */
export type CallRecord = Omit<NewCallRecord, "flow" | "variables"> & Progress;

export type CallWork = Pick<NewCallRecord, "flow" | "variables">;

/** What changes with an event; what is left out or null stays as it is. */
export type CallPatch = Partial<Progress>;

export type UnfinishedCall = CallRecord & {
	/** Of the newest event kept. */
	lastSeq: number;
};

/** Each method is one transaction: it is kept whole when the promise resolves, and not at all when it rejects. */
export interface Calls {
	insert(call: NewCallRecord, queued: CallEvent): Promise<void>;
	/** Appends events of one call and changes its row; what is asked for one call is kept in that order, and nothing after what was not kept. */
	append(
		callId: string,
		events: readonly CallEvent[],
		patch: CallPatch,
	): Promise<void>;
	/** Undefined if no call of this account has the id, which must be a UUID. */
	find(cloudId: string, id: string): Promise<CallRecord | undefined>;
	/** What a call is to do, for the process that carries it on; undefined if no call has the id. */
	work(id: string): Promise<CallWork | undefined>;
	/** Events with a `seq` above `after`, in order; none if the call is not this account's. */
	events(
		cloudId: string,
		id: string,
		page: { after: number; limit: number },
	): Promise<CallEvent[]>;
	/** Calls of every account that have not ended, oldest first: after a crash, those that were cut off. */
	unfinished(): Promise<UnfinishedCall[]>;
}

export interface Store {
	readonly calls: Calls;
	readonly appointments: Appointments;
	/** False once the database is gone: everything is refused from then on. */
	readonly alive: boolean;
	/** Calls `listener` when that happens. */
	onLost(listener: () => void): void;
	/** Waits for what was asked for, then lets go of the data folder. */
	close(): Promise<void>;
}
