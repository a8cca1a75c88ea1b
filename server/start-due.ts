import type { Clock } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import type { Log } from "../core/log.js";
import type { SipAddress } from "../core/sip-address.js";
import type { Line, NewCall } from "../scheduler/dispatcher.js";
import { Due } from "../scheduler/due.js";
import { dueCallbacks } from "../scheduler/due-callbacks.js";
import { dueSchedules } from "../scheduler/due-schedules.js";
import { Heartbeat } from "../scheduler/heartbeat.js";
import { resolveAgain } from "../scheduler/resolve-again.js";
import type { Store } from "../store/store.js";

/** Begins to fire callbacks and schedules and looks every minute whether time zones have changed; returns what ends that. */
export async function startDue({
	store: { callbacks, schedules },
	...parts
}: {
	store: Store;
	line: Line;
	/** Told of each call's first event once it is kept. */
	tell(call: NewCall, queued: CallEvent): void;
	/** Told how late each one became a call. */
	onFired(secondsLate: number): void;
	hasTrunk: boolean;
	refusesSip(address: SipAddress): boolean;
	clock: Clock;
	log: Log;
}): Promise<() => Promise<void>> {
	const sweep = resolveAgain(callbacks, parts.log);
	const heartbeat = new Heartbeat([sweep], parts.log);
	// nothing fires by rules that are out of date
	await heartbeat.start();
	const work = [
		dueSchedules({ ...parts, schedules }),
		dueCallbacks({ ...parts, callbacks }),
	];
	const due = new Due({ ...parts, work });
	due.start();
	return async () => {
		await due.stop();
		await heartbeat.stop();
	};
}
