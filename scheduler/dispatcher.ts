import type { Control, ControlState } from "../core/control.js";
import type { Flow } from "../flow/flow.js";
import type { KeyAnswer } from "../store/idempotency.js";
import type { KeptTrace } from "../store/sip-traces.js";
import type { RetryPolicy } from "../store/store.js";

/** A call as it is accepted: parsed, checked, without credentials. */
export interface NewCall {
	id: string;
	cloudId: string;
	flow: Flow;
	flowHash: string;
	number: string;
	callerId: string;
	variables: Record<string, string>;
	metadata: Record<string, unknown> | null;
	record: boolean;
	publish: { url: string; method: "POST" | "PUT" } | null;
	/** Not dialled before, epoch milliseconds. */
	dueAt: number;
	retry: RetryPolicy | null;
	parentCallId: string | null;
	callbackId: string | null;
	scheduleId: string | null;
	/** The span of a client that the call belongs under (W3C Trace Context), where it was posted with one. */
	traceparent?: string | null;
	/** The Idempotency-Key it was posted with, claimed, and the answer to keep for it. */
	idempotency?: KeyAnswer | undefined;
}

/** What the HTTP floor asks of the scheduler. */
export interface Dispatcher {
	/** Keeps the call (one INSERT with its call.queued event) and queues it; throws Fault QUEUE_FULL or SHUTTING_DOWN (with retryAfterS) before anything is kept. */
	accept(call: NewCall): Promise<void>;
	/** Ends a call, whatever it does and whichever instance has it; it may take that one a moment. */
	stop(callId: string): Promise<void>;
	/** Has something done with a call while somebody is on the line, whichever instance has it; throws CALL_NOT_LIVE, CONTROL_UNANSWERED or what the work itself does. */
	control(callId: string, control: Control): Promise<ControlState>;
	/** Accounts' limits were changed: those of now count here once it resolves. */
	learnLimits(): Promise<void>;
	/** SIP messages of the attempt that this instance makes of a call; undefined where it makes none. */
	sip(callId: string): KeptTrace | undefined;
	readonly ready: boolean;
}

/** Where calls go that were just kept. */
export interface Line {
	/** How many more calls may begin now. */
	readonly room: number;
	/** Whether calls of the account may be kept as this instance's: those of one that has limits wait where any instance finds them. */
	takes(cloudId: string): boolean;
	begin(calls: readonly NewCall[]): void;
	/** A call was kept that is nobody's. */
	expect(call: Pick<NewCall, "cloudId">, dueAt: number): void;
	/** Calls `listener` when there is room again. */
	onRoom(listener: () => void): void;
}
