import type { Entities } from "../core/entity.js";
import type { FiredCall } from "./callback.js";
import type { AnswerTo } from "./idempotency.js";
import type { NewCallRecord, Position } from "./new-call.js";

export const missedPolicies = ["skip", "run_once"] as const;
export type MissedPolicy = (typeof missedPolicies)[number];

/** What a schedule's calls are made of: a checked body of POST /call/flow. */
export type ScheduledRequest = Pick<
	NewCallRecord,
	"flow" | "variables" | "metadata" | "record" | "publish" | "retry"
>;

export interface NewSchedule {
	cloudId: string;
	cron: string;
	timezone: string;
	request: ScheduledRequest;
	/** What happens to firings that were missed while no instance ran. */
	missed: MissedPolicy;
	nextAt: number;
}

export interface ScheduleRecord extends Omit<NewSchedule, "nextAt"> {
	id: string;
	status: "active" | "paused";
	/** Why the service paused it. */
	detail: string | null;
	/** Null while it is paused. */
	nextAt: number | null;
	lastAt: number | null;
	lastCallId: string | null;
	createdAt: number;
}

/** What comes of a schedule that is due. */
export interface ScheduleFiring {
	/** Null: this firing is left out. */
	call: FiredCall | null;
	/** The firing that it is made for; null where there is none. */
	at: number | null;
	/** Null: it is paused, for the reason in `detail`. */
	nextAt: number | null;
	detail: string | null;
}

/** Each method is one transaction. */
export interface Schedules {
	/** `answerTo` makes what is kept for those who repeat the request, if anything is. */
	insert(
		schedule: NewSchedule,
		answerTo?: AnswerTo<ScheduleRecord>,
	): Promise<ScheduleRecord>;
	/** Undefined if this account has none with the id, which must be a UUID. */
	find(cloudId: string, id: string): Promise<ScheduleRecord | undefined>;
	/** Oldest first. */
	list(
		cloudId: string,
		page: { after: Position | null; limit: number },
	): Promise<ScheduleRecord[]>;
	pause(cloudId: string, id: string): Promise<ScheduleRecord | undefined>;
	/** One that is active stays as it is. */
	resume(
		cloudId: string,
		id: string,
		nextAt: number,
	): Promise<ScheduleRecord | undefined>;
	/** Whether there was one. */
	remove(cloudId: string, id: string): Promise<boolean>;
	/** Makes calls of up to `limit` schedules that are due, each firing once whichever instance does; `make` is told the account's entities. */
	fire(
		limit: number,
		make: (
			schedule: ScheduleRecord & { nextAt: number },
			entities: Entities,
		) => ScheduleFiring,
	): Promise<{ due: number; callIds: ReadonlySet<string> }>;
	/** When the next one is due, epoch milliseconds; null if none is. */
	nextDueAt(): Promise<number | null>;
	/** Calls `listener` when any instance has made or resumed one that is due within seconds. */
	onDueSoon(listener: (dueAt: number) => void): void;
}
