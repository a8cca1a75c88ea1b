import type { StopReason } from "../core/call.js";
import { type Clock, secondsBetween } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Outcome, Reason } from "../core/outcome.js";
import { thawFlow } from "../flow/flow.js";
import type { Store, UnfinishedCall } from "../store/store.js";
import type { Dispatcher, NewCall } from "./dispatcher.js";
import { Journal } from "./journal.js";
import { type PlaceCallOptions, placeCall } from "./place-call.js";
import { recorded } from "./recorded.js";
import { patchFor } from "./status.js";

export interface CallDispatcherOptions extends PlaceCallOptions {
	store: Store;
	/** Told of every event once it is kept. */
	tell(call: Pick<NewCall, "publish">, event: CallEvent): void;
	queueLimit: number;
	queueTimeoutMs: number;
	callsPerSecond: number;
	clock: Clock;
	log: Log;
}

/** How many left calls are taken over in one statement. */
const CLAIM = 500;

/** A call that was accepted and has not ended. */
interface Live {
	call: NewCall;
	journal: Journal;
	queuedAt: number;
	stop: AbortController;
	/** It is dialled, and so it no longer waits. */
	isDialled: boolean;
	/** Stops the wait to be dialled from lasting longer than QUEUE_TIMEOUT. */
	cancelTimeout(): void;
}

/** The calls of this process: those that wait for their turn and those that run. */
export class CallDispatcher implements Dispatcher {
	readonly #options: CallDispatcherOptions;
	readonly #live = new Map<string, Live>();
	/** Ids, first come first served; a Set, so that one can leave from the middle. */
	readonly #waiting = new Set<string>();
	readonly #running = new Map<string, Promise<void>>();
	#open = true;

	constructor(options: CallDispatcherOptions) {
		this.#options = options;
	}

	get ready(): boolean {
		return this.#open;
	}

	/** Calls that run and that wait. */
	get counts(): { running: number; waiting: number } {
		return { running: this.#running.size, waiting: this.#waiting.size };
	}

	async accept(call: NewCall): Promise<void> {
		const { dialer, clock, queueLimit, callsPerSecond } = this.#options;
		if (!this.#open)
			throw new Fault("SHUTTING_DOWN", undefined, { retryAfterS: 10 });
		// those that are just being kept count as well
		const waiting = this.#live.size - dialer.capacity();
		if (waiting >= queueLimit)
			throw new Fault(
				"QUEUE_FULL",
				`${waiting} calls wait already (QUEUE_LIMIT)`,
				{ retryAfterS: Math.max(1, Math.ceil(waiting / callsPerSecond / 2)) },
			);
		const queuedAt = clock.now();
		const live = this.#track(call, queuedAt, 0);
		const kept = live.journal.record({
			type: "call.queued",
			data: { number: call.number, caller_id: call.callerId },
		});
		// gets ready while it is being kept, and may so be kept as dialing at once; nobody is rung before it is kept
		this.#waiting.add(call.id);
		this.#pump();
		try {
			await kept;
		} catch (error) {
			this.#forget(live);
			throw error;
		}
	}

	async stop(callId: string): Promise<boolean> {
		const live = this.#live.get(callId);
		if (!live) return false;
		this.#stopLive(live, "stopped");
		return true;
	}

	/** Takes over what ended instances have left: what waited waits again; what was in progress ended with them and is told so. */
	async recover(): Promise<void> {
		const { store, log } = this.#options;
		for (;;) {
			const left = this.#open ? await store.calls.claimLeft(CLAIM) : [];
			if (left.length === 0) return;
			for (const call of left) {
				try {
					if (call.status === "queued") await this.#requeue(call);
					else
						await this.#endLeft(call, {
							outcome: "interrupted",
							reason: "service_restarted",
							detail: null,
						});
				} catch (error) {
					// one call that cannot be read must not keep the service from starting
					log.error({ err: error, callId: call.id }, "not recovered");
					await this.#endLeft(call, {
						outcome: "failed",
						reason: "internal_error",
						detail: message(error),
					}).catch((error) => {
						log.error({ err: error, callId: call.id }, "not kept");
					});
				}
			}
			this.#pump();
		}
	}

	/** Accepts no more, lets live calls end for `patienceMs`, then hangs up. Calls that wait stay in the store for the next start. */
	async drain(patienceMs: number): Promise<void> {
		this.#open = false;
		this.#waiting.clear();
		for (const live of this.#live.values())
			if (!live.isDialled) {
				live.cancelTimeout();
				live.stop.abort("shutdown" satisfies StopReason);
			}
		const cancel = this.#options.clock.after(
			patienceMs,
			() => this.hangUpAll(),
			true,
		);
		await Promise.allSettled(this.#running.values());
		cancel();
	}

	/** Ends every call that runs, each with its events. */
	hangUpAll(): void {
		for (const id of this.#running.keys()) {
			const live = this.#live.get(id);
			if (live) live.stop.abort("shutdown" satisfies StopReason);
		}
	}

	get #hasRoom(): boolean {
		return this.#running.size < this.#options.dialer.capacity();
	}

	#track(call: NewCall, queuedAt: number, lastSeq: number): Live {
		const { store, clock, tell, recordings, queueTimeoutMs } = this.#options;
		const journal = new Journal({
			callId: call.id,
			cloudId: call.cloudId,
			metadata: call.metadata,
			lastSeq,
			clock,
			keep: (event) => {
				// its turn has come: it may be rung as soon as this is kept
				if (event.type === "call.dialing") {
					live.isDialled = true;
					live.cancelTimeout();
				}
				if (event.type === "call.queued") {
					const record = { ...call, flow: call.flow.source };
					return store.calls.insert({ ...record, createdAt: queuedAt }, event);
				}
				const patch = patchFor(event, recordings.pathOf(call.id));
				return store.calls.append(call.id, [event], patch, call.publish);
			},
			tell: (event) => tell(call, event),
		});
		const stop = new AbortController();
		const leftMs = queuedAt + queueTimeoutMs - clock.now();
		const live: Live = {
			call,
			journal,
			queuedAt,
			stop,
			isDialled: false,
			cancelTimeout: clock.after(leftMs, () =>
				this.#stopLive(live, "queue_timeout"),
			),
		};
		this.#live.set(call.id, live);
		return live;
	}

	#forget(live: Live): void {
		live.cancelTimeout();
		this.#waiting.delete(live.call.id);
		this.#live.delete(live.call.id);
	}

	#stopLive(live: Live, reason: StopReason): void {
		live.stop.abort(reason);
		// one that waits has its turn at once, only to end
		if (this.#waiting.has(live.call.id)) this.#start(live);
	}

	/** Gives waiting calls their turn while there is room. */
	#pump(): void {
		for (const id of this.#waiting) {
			if (!this.#hasRoom || !this.#open) return;
			const live = this.#live.get(id);
			if (live) this.#start(live);
		}
	}

	#start(live: Live): void {
		const { call, journal, queuedAt, stop } = live;
		this.#waiting.delete(call.id);
		const done = placeCall(call, queuedAt, journal, this.#options, stop.signal)
			.catch((error) => {
				this.#options.log.error({ err: error, callId: call.id }, "not kept");
			})
			.finally(() => {
				this.#running.delete(call.id);
				this.#forget(live);
				this.#pump();
			});
		this.#running.set(call.id, done);
	}

	async #requeue(record: UnfinishedCall): Promise<void> {
		const work = await this.#options.store.calls.work(record.id);
		if (!work) return;
		this.#track(
			{ ...record, variables: work.variables, flow: thawFlow(work.flow) },
			record.createdAt,
			record.lastSeq,
		);
		this.#waiting.add(record.id);
	}

	/** Ends a call that a process before this one had accepted. */
	async #endLeft(
		record: UnfinishedCall,
		ending: { outcome: Outcome; reason: Reason; detail: string | null },
	): Promise<void> {
		const { store, recordings, clock, tell } = this.#options;
		const now = clock.now();
		const seconds = (from: number | null, to: number | null) =>
			from === null ? 0 : secondsBetween(from, to ?? now);
		const journal = new Journal({
			callId: record.id,
			cloudId: record.cloudId,
			metadata: record.metadata,
			lastSeq: record.lastSeq,
			clock,
			keep: (event) =>
				store.calls.append(
					record.id,
					[event],
					patchFor(event, recordings.pathOf(record.id)),
					record.publish,
				),
			tell: (event) => tell(record, event),
		});
		if (record.record && record.answeredAt !== null && !record.recording)
			await journal.record(await recorded(record.id, recordings));
		await journal.record({
			type: "call.ended",
			data: {
				...ending,
				sip_status: null,
				step_id: null,
				queued_s: seconds(record.createdAt, record.dialedAt),
				ring_s: seconds(record.dialedAt, record.answeredAt),
				talk_s: seconds(record.answeredAt, null),
			},
		});
	}
}
