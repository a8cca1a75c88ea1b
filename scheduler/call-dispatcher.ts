import type { LegName, StopReason } from "../core/call.js";
import { type Clock, instant } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import { Fault, message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import { thawFlow } from "../flow/flow.js";
import type { ClaimedCall, Store } from "../store/store.js";
import { callJournal } from "./call-journal.js";
import { Claimer } from "./claimer.js";
import type { Dispatcher, NewCall } from "./dispatcher.js";
import type { Journal } from "./journal.js";
import { endLeft } from "./left-call.js";
import { type PlaceCallOptions, placeCall } from "./place-call.js";

export interface CallDispatcherOptions
	extends Omit<PlaceCallOptions, "legs" | "onDialing"> {
	store: Store;
	/** Told of every event once it is kept. */
	tell(call: Pick<NewCall, "publish">, event: CallEvent): void;
	queueLimit: number;
	queueTimeoutMs: number;
	callsPerSecond: number;
	clock: Clock;
	log: Log;
}

/** So many calls more than can run are held ready, so that a line that ends is taken at once; the others wait where any instance finds them. */
const MOST_AHEAD = 50;

/** A call that this instance carries on. */
interface Live {
	call: NewCall;
	attempt: number;
	journal: Journal;
	stop: AbortController;
	/** It is dialled, and so it no longer waits. */
	isDialled: boolean;
	/** Stops the wait to be dialled from lasting longer than QUEUE_TIMEOUT. */
	cancelTimeout(): void;
}

/** The calls of this instance: those whose turn is near and those that run. All others wait in the store. */
export class CallDispatcher implements Dispatcher {
	readonly #options: CallDispatcherOptions;
	readonly #claimer: Claimer;
	readonly #live = new Map<string, Live>();
	/** Ids, first come first served; a Set, so that one can leave from the middle. */
	readonly #waiting = new Set<string>();
	readonly #running = new Map<string, Promise<void>>();
	/** Calls that are being kept for whoever has room. */
	#keeping = 0;
	#open = true;

	constructor(options: CallDispatcherOptions) {
		this.#options = options;
		const { store, clock, log, queueLimit, queueTimeoutMs } = options;
		this.#claimer = new Claimer({
			queue: store.queue,
			...{ clock, log, queueLimit, queueTimeoutMs },
			room: () => this.#room,
			take: (call) => this.#take(call),
			takeLeft: (call) => this.#takeLeft(call),
			stop: (id) => {
				const live = this.#live.get(id);
				if (live) this.#stopLive(live, "stopped");
			},
		});
		store.onGivenBack(() => this.#claimer.wake());
	}

	get ready(): boolean {
		return this.#open;
	}

	/** Calls that run and that wait here. */
	get counts(): { running: number; waiting: number } {
		return { running: this.#running.size, waiting: this.#waiting.size };
	}

	/** Tells what ended with the instances before, then takes over what waits. */
	start(): Promise<void> {
		return this.#claimer.start();
	}

	async accept(call: NewCall): Promise<void> {
		const { clock } = this.#options;
		if (!this.#open)
			throw new Fault("SHUTTING_DOWN", undefined, { retryAfterS: 10 });
		const isDue = call.dueAt <= clock.now();
		if (isDue) this.#checkLimit();
		const isOurs =
			isDue && this.#room > 0 && this.#claimer.backlog + this.#keeping === 0;
		return isOurs ? this.#keepOwn(call) : this.#keepForAll(call);
	}

	async stop(callId: string): Promise<void> {
		const live = this.#live.get(callId);
		if (live) return this.#stopLive(live, "stopped");
		const { queue } = this.#options.store;
		const claimed = await queue.claim(callId);
		if (!claimed) return queue.askToStop(callId);
		if (claimed.status === "queued")
			this.#take({ ...claimed, stopAsked: true });
		else await this.#takeLeft({ ...claimed, stopAsked: true });
	}

	/** Accepts no more, lets live calls end for `patienceMs`, then hangs up. Calls that wait stay in the store for the next start. */
	async drain(patienceMs: number): Promise<void> {
		this.#open = false;
		this.#waiting.clear();
		const stopped = this.#claimer.stop();
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
		await stopped;
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

	/** How many more calls are carried on or held ready here. */
	get #room(): number {
		if (!this.#open) return 0;
		const capacity = this.#options.dialer.capacity();
		return capacity + Math.min(capacity, MOST_AHEAD) - this.#live.size;
	}

	#checkLimit(): void {
		const { dialer, queueLimit, callsPerSecond } = this.#options;
		const known = this.#live.size + this.#keeping + this.#claimer.backlog;
		const waiting = known - dialer.capacity();
		if (waiting >= queueLimit)
			throw new Fault(
				"QUEUE_FULL",
				`${waiting} calls wait already (QUEUE_LIMIT)`,
				{ retryAfterS: Math.max(1, Math.ceil(waiting / callsPerSecond / 2)) },
			);
	}

	async #keepOwn(call: NewCall): Promise<void> {
		const live = this.#track(call, 1, this.#firstJournal(call, true));
		const kept = live.journal.record(queued(call));
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

	async #keepForAll(call: NewCall): Promise<void> {
		this.#keeping++;
		try {
			await this.#firstJournal(call, false).record(queued(call));
			this.#claimer.expect(call.dueAt);
		} finally {
			this.#keeping--;
		}
	}

	/** Keeps the call's row with its first event. */
	#firstJournal(call: NewCall, owned: boolean): Journal {
		const { store } = this.#options;
		return callJournal(call, 0, this.#options, (first) => {
			const createdAt = Date.parse(first.at);
			const record = { ...call, flow: call.flow.source, createdAt };
			return store.calls.insert(record, first, owned);
		});
	}

	#track(call: NewCall, attempt: number, journal: Journal): Live {
		const { clock, queueTimeoutMs } = this.#options;
		const leftMs = call.dueAt + queueTimeoutMs - clock.now();
		const live: Live = {
			...{ call, attempt, journal },
			stop: new AbortController(),
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
			if (!this.#hasRoom || !this.#open) break;
			const live = this.#live.get(id);
			if (live) this.#start(live);
		}
		if (this.#room > 0 && this.#claimer.backlog > 0) this.#claimer.wake();
	}

	#start(live: Live): void {
		const { call, attempt, journal, stop } = live;
		const { store } = this.#options;
		this.#waiting.delete(call.id);
		const legs = {
			keep: (leg: LegName) => store.calls.keepLeg(call.id, leg),
			held: () => store.held(),
		};
		// its turn has come: it may be rung as soon as this is kept
		const onDialing = () => {
			live.isDialled = true;
			live.cancelTimeout();
		};
		const done = placeCall(
			{ ...call, attempt },
			journal,
			{ ...this.#options, legs, onDialing },
			stop.signal,
		)
			.then((nextAt) => {
				if (nextAt !== null) this.#claimer.expect(nextAt);
			})
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

	#take(claimed: ClaimedCall): void {
		const { clock, queueTimeoutMs } = this.#options;
		let call: NewCall;
		try {
			call = { ...claimed, flow: thawFlow(claimed.flow) };
		} catch (error) {
			// one call that cannot be read must not keep the others from their turn
			void this.#takeLeft(claimed, message(error));
			return;
		}
		const journal = callJournal(call, claimed.lastSeq, this.#options);
		const live = this.#track(call, claimed.attempt, journal);
		this.#waiting.add(call.id);
		if (claimed.stopAsked) this.#stopLive(live, "stopped");
		else if (claimed.dueAt + queueTimeoutMs <= clock.now())
			this.#stopLive(live, "queue_timeout");
		else this.#pump();
	}

	async #takeLeft(claimed: ClaimedCall, problem?: string): Promise<void> {
		const { log } = this.#options;
		try {
			const nextAt = await endLeft(claimed, problem, this.#options);
			if (nextAt !== null) this.#claimer.expect(nextAt);
		} catch (error) {
			log.error({ err: error, callId: claimed.id }, "not kept");
		}
	}
}

const queued = (call: NewCall) =>
	({
		type: "call.queued",
		data: {
			number: call.number,
			caller_id: call.callerId,
			due_at: instant(call.dueAt),
		},
	}) as const;
