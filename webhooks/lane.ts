import type { Delivery } from "../store/store.js";

/** Deliveries of one endpoint held in memory; those beyond wait in the store. */
const LANE_LENGTH = 1_000;

/** What waits for one endpoint: the deliveries of a call one after the other, calls beside each other. */
export class Lane {
	/** Under way. */
	inFlight = 0;
	/** In a row, without a success between. */
	failures = 0;
	/** Nothing is sent before, epoch milliseconds. */
	pausedUntil = 0;
	/** Some went back to the store since there was no room; what is newer must not overtake them. */
	overflows = false;
	/** How many went back so far, and how many of them are not in the store yet. */
	putBacks = 0;
	goingBack = 0;
	/** By call; a call is in here while one of its deliveries is under way, too. */
	readonly #queues = new Map<string, Delivery[]>();
	/** Calls of which one waits and none is under way. */
	readonly #ready: string[] = [];
	#size = 0;
	#wasFull = false;

	/** Deliveries that wait. */
	get size(): number {
		return this.#size;
	}

	get isFull(): boolean {
		return this.#size >= LANE_LENGTH;
	}

	/** Takes nothing from the store: older ones than those that are there may be on their way back. */
	get isClosed(): boolean {
		return this.isFull || this.goingBack > 0;
	}

	/** True once each time that it has become half empty after it was full. */
	hasRoomAgain(): boolean {
		if (!this.#wasFull || this.#size > LANE_LENGTH / 2) return false;
		this.#wasFull = false;
		return true;
	}

	get isIdle(): boolean {
		return this.#size === 0 && this.inFlight === 0 && !this.overflows;
	}

	add(delivery: Delivery): void {
		const { call_id } = delivery.event;
		const queue = this.#queues.get(call_id);
		if (queue) queue.push(delivery);
		else {
			this.#queues.set(call_id, [delivery]);
			this.#ready.push(call_id);
		}
		this.#size++;
		if (this.isFull) this.#wasFull = true;
	}

	/** The next that may be sent; `done` has to be called after it. */
	next(): Delivery | undefined {
		const callId = this.#ready.shift();
		if (callId === undefined) return undefined;
		this.#size--;
		this.inFlight++;
		return this.#queues.get(callId)?.shift();
	}

	done(callId: string): void {
		this.inFlight--;
		if (this.#queues.get(callId)?.length) this.#ready.push(callId);
		else this.#queues.delete(callId);
	}

	/** Empties it of what waits. */
	drain(): Delivery[] {
		const all = [...this.#queues.values()].flat();
		for (const queue of this.#queues.values()) queue.length = 0;
		for (const callId of this.#ready.splice(0)) this.#queues.delete(callId);
		this.#size = 0;
		return all;
	}
}
