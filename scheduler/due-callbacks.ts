import type { Clock } from "../core/clock.js";
import { newId } from "../core/id.js";
import type { Log } from "../core/log.js";
import { compileFlow, type Flow, flowHash } from "../flow/flow.js";
import type { CallbackRecord, Callbacks } from "../store/callback.js";
import type { NewCall } from "./dispatcher.js";
import type { DueWork } from "./due.js";

/** The id of the step that rings the original callee. */
export const CONNECT_STEP = "connect";

/** Of every callback: its values are variables, so that no text in them is taken for a template. */
const flow = compiled([
	{
		id: "call",
		type: "call",
		number: "<<callback.entity>>",
		caller_id: "<<callback.caller_id>>",
		next_step: CONNECT_STEP,
	},
	{
		id: CONNECT_STEP,
		type: "connect",
		number: "<<callback.number>>",
		caller_id: "<<callback.caller_id>>",
	},
]);
const hash = flowHash(flow);

/** Callbacks as calls: the entity is rung, then joined with whom the first call was made to. */
export function dueCallbacks({
	callbacks,
	clock,
	log,
}: {
	callbacks: Callbacks;
	clock: Clock;
	log: Log;
}): DueWork {
	return {
		fire: (limit, keep) =>
			callbacks.fire(limit, (callback, entities) => {
				// a voice id of digits would else be dialled as a number
				if (entities.has(callback.entity))
					return keep(callOf(callback, clock.now()), callback.dueAt);
				const failed = "no user or team has this voice id now";
				log.warn({ callbackId: callback.id }, failed);
				return { failed };
			}),
		nextDueAt: () => callbacks.nextDueAt(),
		onDueSoon: (listener) => callbacks.onDueSoon(listener),
	};
}

/** Both are shown the caller id of the first call: it is the account's own, and trunks refuse others. */
function callOf(callback: CallbackRecord, now: number): NewCall {
	const { id, cloudId, entity, number, callerId } = callback;
	return {
		id: newId(),
		cloudId,
		flow,
		flowHash: hash,
		number: entity,
		callerId,
		variables: {
			"callback.id": id,
			"callback.entity": entity,
			"callback.number": number,
			"callback.caller_id": callerId,
		},
		metadata: callback.metadata,
		record: callback.record,
		publish: callback.publish,
		// not when the callback was: what waited for room must not count as having waited in the queue
		dueAt: now,
		retry: callback.retry,
		parentCallId: callback.parentCallId,
		callbackId: id,
		scheduleId: null,
	};
}

function compiled(source: readonly object[]): Flow {
	const result = compileFlow(source, {
		now: 0,
		entities: new Map(),
		hasTrunk: true,
	});
	if (!result.ok)
		throw new Error(result.problems.map(({ hint }) => hint).join("; "));
	return result.flow;
}
