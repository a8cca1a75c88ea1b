import type { LegName } from "../core/call.js";
import type { CallEvent } from "../core/event.js";
import type { Outcome, Reason } from "../core/outcome.js";
import type { Accounts } from "./account.js";
import type { Activeflows } from "./activeflow.js";
import type {
	CallFilter,
	CallStatus,
	KeptFlow,
	PositionPage,
	Redirected,
} from "./call-list.js";
import type { Callbacks } from "./callback.js";
import type { Controls } from "./control.js";
import type { EntityStore } from "./entity.js";
import type { EventFeed } from "./event-feed.js";
import type { IdempotencyKeys } from "./idempotency.js";
import type { NewCallRecord, Publish } from "./new-call.js";
import type { KeptRecording, KeptRecordings, Recording } from "./recording.js";
import type { Retention } from "./retention.js";
import type { Schedules } from "./schedule.js";
import type { Sessions } from "./session.js";
import type { SipTraces } from "./sip-traces.js";
import type { DeliveryStatus, Secret, Webhooks } from "./webhook.js";

export { type CallStatus, callStatuses } from "./call-list.js";
export type {
	NewCallRecord,
	Position,
	Publish,
	RetryPolicy,
} from "./new-call.js";
export {
	type DeliveryRecord,
	type DeliveryStatus,
	deliveryStatuses,
	type EndpointRecord,
	type Secret,
	type Webhooks,
} from "./webhook.js";

/** What becomes of it; null until it does. */
interface Progress {
	status: CallStatus;
	/** Of the attempt that is being made or comes next, from 1. */
	attempt: number;
	dueAt: number;
	outcome: Outcome | null;
	reason: Reason | null;
	sipStatus: number | null;
	q850Cause: number | null;
	detail: string | null;
	/** That ran when it ended. */
	stepId: string | null;
	dialedAt: number | null;
	answeredAt: number | null;
	endedAt: number | null;
	/** Of the last attempt that has one, though it may have been deleted. */
	recording: KeptRecording | null;
}

/** A call as it is read: all but the flow and the variables, which can be large. */
export type CallRecord = Omit<
	NewCallRecord,
	"flow" | "variables" | "idempotency"
> &
	Progress;

/** What changes with an event; what is left out or null stays as it is. */
export type CallPatch = Partial<
	Omit<Progress, "recording"> & {
		recording: Recording;
		/** That the attempt walks from then on. */
		walked: Redirected;
	}
>;

/** A call that this instance carries on. */
export type ClaimedCall = CallRecord &
	Pick<NewCallRecord, "flow" | "variables"> & {
		/** Of the newest event kept. */
		lastSeq: number;
		/** What an instance before this one may have left up. */
		legs: LegName[];
		/** Somebody wants it to end. */
		stopAsked: boolean;
	};

/** Each method is one transaction: it is kept whole when the promise resolves, and not at all when it rejects. */
export interface Calls extends SipTraces {
	/** `owned`, unless it is false: this instance begins it at once; else whoever has room claims it when it is due. */
	insert(
		call: NewCallRecord,
		queued: CallEvent,
		owned?: boolean,
	): Promise<void>;
	/** Appends events of one call and changes its row; what is asked for one call is kept in that order, and nothing after what was not kept. */
	append(
		callId: string,
		events: readonly CallEvent[],
		patch: CallPatch,
		publish?: Publish | null,
	): Promise<void>;
	/** Keeps, until the attempt has ended, that this leg may be up. */
	keepLeg(callId: string, leg: LegName): Promise<void>;
	/** Undefined if no call of this account has the id, which must be a UUID. */
	find(cloudId: string, id: string): Promise<CallRecord | undefined>;
	/** Newest first, those before `after`. */
	list(
		cloudId: string,
		filter: CallFilter,
		page: PositionPage,
	): Promise<CallRecord[]>;
	/** Undefined as with `find`. */
	flow(cloudId: string, id: string): Promise<KeptFlow | undefined>;
	/** Events with a `seq` above `after`, in order; none if the call is not this account's. */
	events(
		cloudId: string,
		id: string,
		page: { after: number; limit: number },
	): Promise<CallEvent[]>;
}

/** All if left out. */
export interface WhichCalls {
	/** Those of these accounts. */
	only?: readonly string[];
	/** Those of all others. */
	except?: readonly string[];
	/** Those that QUEUE_TIMEOUT ends: a callback's are appointments, which wait as long as it takes. */
	expiring?: boolean;
}

/** What calls wait in, shared by all instances; a claim is a lease that the instance renews. */
export interface Queue {
	/** Takes over up to `limit` calls of every account that wait, are nobody's and were due by then, the longest due first. */
	claimDue(
		by: number,
		limit: number,
		which?: WhichCalls,
	): Promise<ClaimedCall[]>;
	/** Takes over up to `limit` calls that an ended instance has left in the middle of an attempt. */
	claimLeft(limit: number): Promise<ClaimedCall[]>;
	/** The same for one call, whether it is due or not; undefined if it has ended or is somebody's. */
	claim(id: string): Promise<ClaimedCall | undefined>;
	/** Makes a call of this instance that still waits nobody's again, and tells the other instances. */
	giveBack(id: string): Promise<void>;
	/** Ids of all that this instance has claimed. */
	held(): Promise<string[]>;
	/** Makes calls of this instance nobody's, as if it had ended. */
	leave(ids: readonly string[]): Promise<void>;
	/** When the next one that waits and is nobody's is due; null if there is none. */
	nextDueAt(which?: WhichCalls): Promise<number | null>;
	/** Calls that wait, are nobody's and were due by then, counted to `most`. */
	backlog(by: number, most: number, which?: WhichCalls): Promise<number>;
	/** The same for each of these accounts. */
	backlogs(
		by: number,
		most: number,
		cloudIds: readonly string[],
	): Promise<[string, number][]>;
	/** How many calls are to be dialled before this one. */
	ahead(call: Pick<CallRecord, "id" | "dueAt">): Promise<number>;
	/** Tells the other instances of a call that is nobody's and due soon. */
	announce(dueAt: number): void;
	onDueSoon(listener: (dueAt: number) => void): void;
	/** Has it ended by the instance that carries it on. */
	askToStop(id: string): Promise<void>;
	/** Calls `listener` when `stopsAsked` may have something new. */
	onStopAsked(listener: () => void): void;
	/** Which of the calls of this instance somebody wants to end. */
	stopsAsked(): Promise<string[]>;
}

/** An event on its way to the address that its call was posted with. */
export interface Delivery {
	event: CallEvent;
	endpointId: string;
	url: string;
	method: "POST" | "PUT";
	/** That were made. */
	attempts: number;
	/** Of its call. */
	traceparent: string | null;
}

/** What came of an attempt, or that it is put off. */
export interface DeliveryResult {
	eventId: string;
	status: DeliveryStatus;
	/** Made by now; unchanged where it was only put off. */
	attempts: number;
	/** When the next one is due, epoch milliseconds. */
	dueAt: number;
	/** Of an attempt; null where it was put off. */
	attempt: {
		at: number;
		httpStatus: number | null;
		detail: string | null;
	} | null;
}

export interface Deliveries {
	/** Takes over up to `limit` retries that are due and nobody's, the longest due first; none of endpoints `except`. */
	claimDue(limit: number, except: readonly string[]): Promise<Delivery[]>;
	/** Milliseconds until the next retry is due, 0 if one is; null if none waits. */
	nextDueInMs(except: readonly string[]): Promise<number | null>;
	/** Enabled endpoints, up to `limit`, at which first attempts wait in line that no other instance sends; none of `except`. */
	lines(limit: number, except: readonly string[]): Promise<string[]>;
	/**
	 * Takes over up to `limit` first attempts that wait in line there, the oldest first. Null: another instance sends them, or
	 * the endpoint is disabled. From then on they are this instance's to send, until it has left the line.
	 */
	claimLine(endpointId: string, limit: number): Promise<Delivery[] | null>;
	leaveLine(endpointId: string): Promise<void>;
	/** Event ids of all that this instance has claimed. */
	held(): Promise<string[]>;
	/** Makes deliveries of this instance nobody's, as if it had ended. */
	leave(eventIds: readonly string[]): Promise<void>;
	disabledEndpoints(): Promise<string[]>;
	/** When the oldest event happened that is yet to be delivered to an enabled endpoint; null if there is none. */
	oldestPendingAt(): Promise<number | null>;
	/** Keeps what came of a delivery of ours, and gives it back; one without attempts waits in line. */
	settle(result: DeliveryResult): Promise<void>;
	/** No more is sent there until somebody enables it again. */
	disableEndpoint(id: string, detail: string): Promise<void>;
	/** Secrets that sign today, the newest first; makes the first one. */
	liveSecrets(cloudId: string): Promise<Secret[]>;
}

export interface Store {
	readonly calls: Calls;
	readonly activeflows: Activeflows;
	readonly queue: Queue;
	readonly deliveries: Deliveries;
	readonly webhooks: Webhooks;
	readonly controls: Controls;
	readonly accounts: Accounts;
	readonly sessions: Sessions;
	readonly feed: EventFeed;
	readonly idempotencyKeys: IdempotencyKeys;
	readonly callbacks: Callbacks;
	readonly schedules: Schedules;
	readonly entities: EntityStore;
	readonly recordings: KeptRecordings;
	readonly retention: Retention;
	/** False once the database is gone: everything is refused from then on. */
	readonly alive: boolean;
	/** Calls `listener` when that happens. */
	onLost(listener: () => void): void;
	/** Calls `listener` when another instance has ended and left work behind. */
	onGivenBack(listener: () => void): void;
	/** Resolves while what this instance claims is its own; rejects with LEASE_LOST once others have taken it for dead. */
	held(): Promise<void>;
	/** Calls `listener` when others have taken this instance for dead, and its work with it: nothing is kept from then on. */
	onFenced(listener: () => void): void;
	/** Waits for what was asked for, gives back what it claims, then lets go of the data folder. */
	close(): Promise<void>;
}
