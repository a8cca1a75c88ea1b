import { type Clock, secondsBetween } from "../core/clock.js";
import type { CallDispatcher } from "../scheduler/call-dispatcher.js";
import type { Uploads } from "../scheduler/uploads.js";
import type { Store } from "../store/store.js";
import type { Engines } from "../telephony/engines.js";
import type { Trunks } from "../telephony/trunks.js";
import { seldom } from "./lookup.js";
import type { Metrics } from "./metrics.js";

/** More calls that wait are not told apart. */
export const MOST_WAITING = 10_000;

/** Has the metrics read what runs; however many calls are kept, a look costs the same. */
export function watchService(
	metrics: Metrics,
	{
		store: { queue, deliveries, callbacks, schedules },
		...parts
	}: {
		store: Pick<Store, "queue" | "deliveries" | "callbacks" | "schedules">;
		dispatcher: Pick<CallDispatcher, "counts">;
		engines: Pick<Engines, "states">;
		trunks: Pick<Trunks, "states">;
		uploads: Pick<Uploads, "state"> | null;
		clock: Clock;
	},
): void {
	const { clock } = parts;
	metrics.watch({
		counts: () => parts.dispatcher.counts,
		engines: () => parts.engines.states,
		trunks: () => parts.trunks.states,
		uploads: () => parts.uploads?.state ?? null,
		backlog: seldom(() => queue.backlog(clock.now(), MOST_WAITING), clock),
		webhookLag: seldom(async () => {
			const oldestAt = await deliveries.oldestPendingAt();
			return oldestAt === null ? 0 : secondsBetween(oldestAt, clock.now());
		}, clock),
		overdue: seldom(async () => {
			const work = [callbacks, schedules].map((one) => one.nextDueAt());
			const next = (await Promise.all(work)).filter((at) => at !== null);
			// where none is, or none is due yet, 0
			return secondsBetween(Math.min(...next), clock.now());
		}, clock),
	});
}
