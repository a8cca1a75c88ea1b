import type { LegName, StopReason } from "../core/call.js";
import type { Store } from "../store/store.js";
import type { HeldCalls } from "./account-lines.js";
import type { NewCall } from "./dispatcher.js";
import type { Journal } from "./journal.js";
import { type PlaceCallOptions, placeCall } from "./place-call.js";

export interface LiveCallsOptions
	extends Omit<PlaceCallOptions, "legs" | "onDialing"> {
	store: Pick<Store, "calls" | "held">;
	queueTimeoutMs: number;
	/** A call has ended, or its attempt: there is room. */
	onRoom(): void;
	/** A call was given back to the store until then, for its next attempt. */
	onScheduled(call: NewCall, dueAt: number): void;
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

/** The calls that this instance carries on: those whose turn is near and those that run. */
export class LiveCalls {
	readonly #options: LiveCallsOptions;
	readonly #live = new Map<string, Live>();
	/** Ids, first come first served; a Set, so that one can leave from the middle. */
	readonly #waiting = new Set<string>();
	readonly #running = new Map<string, Promise<void>>();
	#open = true;

	constructor(options: LiveCallsOptions) {
		this.#options = options;
	}

	get size(): number {
		return this.#live.size;
	}

	heldOf(cloudId: string): HeldCalls {
		const held = { live: 0, waiting: 0 };
		for (const { call, isDialled } of this.#live.values()) {
			if (call.cloudId !== cloudId) continue;
			held.live++;
			if (!isDialled) held.waiting++;
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

	/** Has its turn as soon as one is free; nothing is dialled before the journal has kept that it is. */
	add(call: NewCall, attempt: number, journal: Journal): void {
		const { clock, queueTimeoutMs } = this.#options;
		const leftMs = call.dueAt + queueTimeoutMs - clock.now();
		this.#live.set(call.id, {
			...{ call, attempt, journal },
			stop: new AbortController(),
			isDialled: false,
			cancelTimeout: clock.after(leftMs, () =>
				this.stop(call.id, "queue_timeout"),
			),
		});
		this.#waiting.add(call.id);
		if (leftMs <= 0) this.stop(call.id, "queue_timeout");
		else this.#pump();
	}

	/** It could not be kept. */
	remove(id: string): void {
		this.#live.get(id)?.cancelTimeout();
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

	/** Begins no more: what waits stays in the store, what is dialled goes on. */
	close(): void {
		this.#open = false;
		this.#waiting.clear();
		for (const live of this.#live.values())
			if (!live.isDialled) {
				live.cancelTimeout();
				live.stop.abort("shutdown" satisfies StopReason);
			}
	}

	/** Ends every call that runs, each with its events. */
	hangUpAll(): void {
		for (const id of this.#running.keys()) this.stop(id, "shutdown");
	}

	/** Resolves when none runs. */
	async settled(): Promise<void> {
		await Promise.allSettled(this.#running.values());
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
		const { call, attempt, journal, stop } = live;
		const { store, log, onRoom, onScheduled } = this.#options;
		this.#waiting.delete(call.id);
		const options: PlaceCallOptions = {
			...this.#options,
			legs: {
				keep: (leg: LegName) => store.calls.keepLeg(call.id, leg),
				held: () => store.held(),
			},
			// its turn has come: it may be rung as soon as this is kept
			onDialing() {
				live.isDialled = true;
				live.cancelTimeout();
			},
		};
		const done = placeCall({ ...call, attempt }, journal, options, stop.signal)
			.then((nextAt) => {
				if (nextAt !== null) onScheduled(call, nextAt);
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
