import type { LegName, StopReason } from "../core/call.js";
import { message } from "../core/fault.js";
import { SipTrace } from "../core/sip-trace.js";
import type { Store } from "../store/store.js";
import type { HeldCalls } from "./account-lines.js";
import type { NewCall } from "./dispatcher.js";
import type { Journal } from "./journal.js";
import { LiveControl } from "./live-control.js";
import { type PlaceCallOptions, placeCall } from "./place-call.js";

export interface LiveCallsOptions
	extends Omit<PlaceCallOptions, "legs" | "onTurn" | "sip" | "control"> {
	store: Pick<Store, "calls" | "queue" | "held">;
	queueTimeoutMs: number;
	/** A call has ended, or its attempt: there is room. */
	onRoom(): void;
	/** A call was given back to the store until then, for its next attempt; `isStopped`: somebody stopped it as that was kept. */
	onScheduled(
		call: NewCall,
		dueAt: number,
		isStopped: boolean,
	): void | Promise<void>;
}

/** So many calls more than can run are held ready, so that a line that ends is taken at once; the others wait where any instance finds them. */
const MOST_AHEAD = 50;

/** A call that this instance carries on. */
interface Live {
	call: NewCall;
	attempt: number;
	journal: Journal;
	stop: AbortController;
	sip: SipTrace;
	control: LiveControl;
	/** Its turn has come: it no longer waits. */
	hasTurn: boolean;
	/** Stops the wait to be dialled from lasting longer than QUEUE_TIMEOUT. */
	cancelTimeout(): void;
}

/** The calls that this instance carries on: those whose turn is near and those that run. */
export class LiveCalls {
	readonly #options: LiveCallsOptions;
	readonly #live = new Map<string, Live>();
	/** Ids, first come first served; a Set, so that one can leave from the middle. */
	readonly #waiting = new Set<string>();
	readonly #running = new Map<string, Promise<void>>();
	/** On their way back to the store. */
	readonly #leaving = new Set<Promise<void>>();
	#open = true;

	constructor(options: LiveCallsOptions) {
		this.#options = options;
	}

	get size(): number {
		return this.#live.size;
	}

	has(id: string): boolean {
		return this.#live.has(id);
	}

	heldOf(cloudId: string): HeldCalls {
		const held = { live: 0, waiting: 0 };
		for (const { call, hasTurn } of this.#live.values()) {
			if (call.cloudId !== cloudId) continue;
			held.live++;
			if (!hasTurn) held.waiting++;
		}
		return held;
	}

	get counts(): { running: number; waiting: number } {
		return { running: this.#running.size, waiting: this.#waiting.size };
	}

	/** How many more calls are carried on or held ready here. */
	get room(): number {
		if (!this.#open) return 0;
		return this.#options.dialer.capacity() + this.#ahead - this.#live.size;
	}

	/** Whether enough of it is free that a look for more is worth while. */
	get hasMuchRoom(): boolean {
		return this.room >= Math.max(1, this.#ahead / 2);
	}

	/** Has its turn as soon as one is free; nothing is dialled before the journal has kept that it is. After `close` it is given back. */
	add(call: NewCall, attempt: number, journal: Journal): void {
		const { clock, queueTimeoutMs } = this.#options;
		// a callback's is an appointment, and waits as long as it takes
		const leftMs = call.callbackId
			? Number.POSITIVE_INFINITY
			: call.dueAt + queueTimeoutMs - clock.now();
		const live: Live = {
			...{ call, attempt, journal },
			stop: new AbortController(),
			sip: new SipTrace(attempt, clock),
			control: new LiveControl({
				sounds: this.#options.sounds,
				record: (happening, walked) =>
					walked
						? journal.recordRedirect(happening, walked)
						: journal.record(happening),
			}),
			hasTurn: false,
			cancelTimeout: Number.isFinite(leftMs)
				? clock.after(leftMs, () => this.stop(call.id, "queue_timeout"))
				: () => {},
		};
		this.#live.set(call.id, live);
		this.#waiting.add(call.id);
		if (leftMs <= 0) this.stop(call.id, "queue_timeout");
		else if (this.#open) this.#pump();
		else this.#leave(live);
	}

	/** It could not be kept. */
	remove(id: string): void {
		const live = this.#live.get(id);
		if (!live) return;
		live.cancelTimeout();
		this.#waiting.delete(id);
		this.#live.delete(id);
	}

	/** False if it is not here. */
	stop(id: string, reason: StopReason): boolean {
		const live = this.#live.get(id);
		if (!live) return false;
		live.stop.abort(reason);
		// one that waits has its turn at once, only to end
		if (this.#waiting.has(id)) this.#start(live);
		return true;
	}

	/** SIP messages of the attempt that is made here; undefined where none is. */
	sip(id: string): SipTrace | undefined {
		return this.#live.get(id)?.sip;
	}

	/** What is asked of a call that is here; undefined where it is not. */
	control(id: string): LiveControl | undefined {
		return this.#live.get(id)?.control;
	}

	/** Begins no more: what waits is given back for whoever finds it, whose turn has come goes on. */
	close(): void {
		this.#open = false;
		for (const live of this.#live.values())
			if (this.#waiting.has(live.call.id)) this.#leave(live);
			else if (!live.hasTurn) live.stop.abort("shutdown" satisfies StopReason);
	}

	/** Ends every call that runs, each with its events. */
	hangUpAll(): void {
		for (const id of this.#running.keys()) this.stop(id, "shutdown");
	}

	/** Resolves when none runs, and those that were given back are. */
	async settled(): Promise<void> {
		while (this.#running.size + this.#leaving.size > 0)
			await Promise.all([...this.#running.values(), ...this.#leaving]);
	}

	#leave(live: Live): void {
		const { log } = this.#options;
		const callId = live.call.id;
		const leaving = this.#giveBack(live)
			.catch((error) =>
				log.warn({ err: message(error), callId }, "not given back"),
			)
			.finally(() => this.#leaving.delete(leaving));
		this.#leaving.add(leaving);
	}

	async #giveBack({ call, journal }: Live): Promise<void> {
		// until it is kept there is nothing to give back
		await journal.kept;
		// it was stopped in the meantime
		if (!this.#waiting.has(call.id)) return;
		this.remove(call.id);
		await this.#options.store.queue.giveBack(call.id);
	}

	get #ahead(): number {
		return Math.min(this.#options.dialer.capacity(), MOST_AHEAD);
	}

	/** Gives waiting calls their turn while there is room. */
	#pump(): void {
		for (const id of this.#waiting) {
			const isFull = this.#running.size >= this.#options.dialer.capacity();
			if (isFull || !this.#open) return;
			const live = this.#live.get(id);
			if (live) this.#start(live);
		}
	}

	#start(live: Live): void {
		const { call, attempt, journal, stop, sip, control } = live;
		const { store, log, onRoom, onScheduled } = this.#options;
		this.#waiting.delete(call.id);
		const options: PlaceCallOptions = {
			...this.#options,
			control,
			legs: {
				keep: (leg: LegName) => store.calls.keepLeg(call.id, leg),
				held: () => store.held(),
			},
			sip: {
				trace: sip,
				keep: () => store.calls.keepSip(call.id, sip),
			},
			onTurn() {
				live.hasTurn = true;
				live.cancelTimeout();
			},
		};
		const done = placeCall({ ...call, attempt }, journal, options, stop.signal)
			.then((nextAt) => {
				if (nextAt !== null) {
					this.remove(call.id);
					const isStopped = stop.signal.reason === "stopped";
					return onScheduled(call, nextAt, isStopped);
				}
				// unless it was dialled
				if (stop.signal.reason === "shutdown")
					return journal.kept.then(() => store.queue.giveBack(call.id));
			})
			.catch((error) => {
				log.error({ err: error, callId: call.id }, "not kept");
			})
			.finally(() => {
				this.#running.delete(call.id);
				this.remove(call.id);
				this.#pump();
				onRoom();
			});
		this.#running.set(call.id, done);
	}
}
