import { instant } from "../core/clock.js";
import { newId } from "../core/id.js";
import type { FiredCall } from "../store/callback.js";
import type { NewCall } from "./dispatcher.js";

/** A call as it is kept in the transaction that fires it: Journal's first event, written before there is a journal. */
export function firedCall(
	call: NewCall,
	now: number,
	owned: boolean,
): FiredCall {
	const { id, cloudId, number, callerId, metadata } = call;
	return {
		owned,
		record: { ...call, flow: call.flow.source, createdAt: now },
		queued: {
			type: "call.queued",
			data: { number, caller_id: callerId, due_at: instant(call.dueAt) },
			id: newId(),
			seq: 1,
			call_id: id,
			cloud_id: cloudId,
			at: instant(now),
			...(metadata ? { metadata } : {}),
		},
	};
}
