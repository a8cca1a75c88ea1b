import { v5 } from "uuid";
import type { CallStatus, PositionPage } from "./call-list.js";

/** What an activeflow's id is derived in. Documented: it is never changed. */
const ACTIVEFLOWS = "0b1c4bd6-5f0a-4d0e-9d5c-3f6d1f7a2e41";

/** A call has one, known without a look-up; the other way round there is an index. */
export const activeflowId = (callId: string): string => v5(callId, ACTIVEFLOWS);

/** How far a call has come in its flow. */
export interface ActiveflowRecord {
	id: string;
	callId: string;
	cloudId: string;
	/** Of the flow that the step is of: the call's, or one that it was redirected to. */
	flowHash: string;
	status: CallStatus;
	/** From 1. */
	attempt: number;
	/** Of the call; epoch milliseconds, as all instants here. */
	createdAt: number;
	/** Of its newest event. */
	updatedAt: number;
	/** The step that runs, or that ran last; null before the first. */
	step: {
		id: string;
		type: string;
		/** As that flow has it, with its secrets; null where that has none such. */
		source: unknown;
	} | null;
}

export interface Activeflows {
	/** Newest first, those before `after`. */
	list(cloudId: string, page: PositionPage): Promise<ActiveflowRecord[]>;
	/** Undefined if the account has none such. */
	find(cloudId: string, id: string): Promise<ActiveflowRecord | undefined>;
}
