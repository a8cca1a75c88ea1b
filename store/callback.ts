import type { Appointments, WallInstant } from "../core/appointments.js";
import type { Entities } from "../core/entity.js";
import type { CallEvent } from "../core/event.js";
import type { AnswerTo } from "./idempotency.js";
import type {
	NewCallRecord,
	Position,
	Publish,
	RetryPolicy,
} from "./new-call.js";

export const callbackStatuses = [
	/** Waits for its instant. */
	"pending",
	/** Has become a call. */
	"calling",
	/** They were joined. */
	"completed",
	"failed",
	"canceled",
] as const;
export type CallbackStatus = (typeof callbackStatuses)[number];

/** Somebody who is to be rung at an instant, and whom they are joined with then. */
export interface NewCallback extends WallInstant {
	cloudId: string;
	/** The voice id that is rung first. */
	entity: string;
	/** Who is called when that one has answered, and what both are shown. */
	number: string;
	callerId: string;
	record: boolean;
	publish: Publish | null;
	metadata: Record<string, unknown> | null;
	retry: RetryPolicy;
}

export interface CallbackRecord extends NewCallback {
	id: string;
	/** The call and the step that arranged it; null where a client did. */
	parentCallId: string | null;
	stepId: string | null;
	status: CallbackStatus;
	/** Why it failed. */
	detail: string | null;
	/** The call that it has become. */
	firedCallId: string | null;
	createdAt: number;
	updatedAt: number;
}

export type CallbackChange = Partial<
	WallInstant & { entity: string; retry: RetryPolicy }
>;

/** A call to be kept as this instance's, with its first event. */
export interface FiredCall {
	/** This instance begins it at once; else whoever may claims it. */
	owned: boolean;
	record: NewCallRecord;
	queued: CallEvent;
}

/** Each method is one transaction. */
export interface Callbacks extends Appointments {
	/** `answerTo` makes what is kept for those who repeat the request, if anything is. */
	insert(
		callback: NewCallback,
		answerTo?: AnswerTo<CallbackRecord>,
	): Promise<CallbackRecord>;
	/** Undefined if this account has none with the id, which must be a UUID. */
	find(cloudId: string, id: string): Promise<CallbackRecord | undefined>;
	/** Those due first before others. */
	list(
		cloudId: string,
		filter: {
			status?: CallbackStatus | undefined;
			entity?: string | undefined;
			dueFrom?: number | undefined;
			dueBefore?: number | undefined;
		},
		page: { after: Position | null; limit: number },
	): Promise<CallbackRecord[]>;
	/** Undefined if it is not pending any more. */
	change(
		cloudId: string,
		id: string,
		change: CallbackChange,
	): Promise<CallbackRecord | undefined>;
	cancel(cloudId: string, id: string): Promise<CallbackRecord | undefined>;
	/**
	 * Makes calls of up to `limit` callbacks that are due, the longest due first, each once whichever instance does; what
	 * `make`, which is told the account's entities, cannot make has failed for that reason. Returns how many were due and the ids of the calls that are now ours.
	 */
	fire(
		limit: number,
		make: (
			callback: CallbackRecord,
			entities: Entities,
		) => FiredCall | { failed: string },
	): Promise<{ due: number; callIds: ReadonlySet<string> }>;
	/** When the next one is due, epoch milliseconds; null if none waits. */
	nextDueAt(): Promise<number | null>;
	/** Resolves pending ones anew that were resolved with an older tzdata; returns how many. Null from `resolve`: it stays as it is. */
	resolveAgain(
		tzdata: string,
		resolve: (
			wall: WallInstant,
		) => Pick<WallInstant, "dueAt" | "resolution"> | null,
	): Promise<number>;
	/** Calls `listener` when any instance has made one that is due within seconds. */
	onDueSoon(listener: (dueAt: number) => void): void;
}
