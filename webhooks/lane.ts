import type { Delivery } from "../store/store.js";

/** Deliveries of one endpoint held in memory; those beyond wait in the store. */
const LENGTH = 1_000;

/**
 * What waits for one endpoint: the deliveries of a call one after the other, calls beside each other. What does not fit waits
 * in line in the store; what is newer of its call goes there, too, so that nothing overtakes it.
 */
export class Lane {
	/** Under way. */
	inFlight = 0;
	/** Some may wait in line in the store. */
	isBehind = false;
	/** By call; a call is in here while one of its deliveries is under way, too. */
	readonly #queues = new Map<string, Delivery[]>();
	/** Calls of which one waits and none is under way. */
	readonly #ready: string[] = [];
	/** By call, which of those that were sent away is its last one. */
	readonly #away = new Map<string, number>();
	#sentAway = 0;
	#kept = 0;
	/** Older ones than those in line that are on their way to the store. */
	#returning = 0;
	#size = 0;

	get isFull(): boolean {
		return this.#size >= LENGTH;
	}

	/** Nothing of it is in memory only. */
	get isEmpty(): boolean {
		const isKept = this.#kept === this.#sentAway;
		return this.#size === 0 && this.inFlight === 0 && isKept;
	}

	/** How many it wants from the line. */
	get wanted(): number {
		const room = LENGTH - this.#size;
		const isReady = this.isBehind && this.#returning === 0;
		return isReady && room >= LENGTH / 2 ? room : 0;
	}

	/** How many of those that were sent away the store has; it gets them in their order. */
	get kept(): number {
		return this.#kept;
	}

	/** Whether it has room for a new one, and no older one of that call waits in the store. */
	takes({ event }: Delivery): boolean {
		return !this.isFull && !this.#away.has(event.call_id);
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

	/** One goes to the line, where `kept` says when it is there. */
	async sendAway(
		{ event }: Delivery,
		wasHere: boolean,
		kept: Promise<void>,
	): Promise<void> {
		this.isBehind = true;
		this.#away.set(event.call_id, ++this.#sentAway);
		if (wasHere) this.#returning++;
		try {
			await kept;
		} finally {
			this.#kept++;
			if (wasHere) this.#returning--;
		}
	}

	/** All that the store had in line when it had `kept` of them has been taken from there. */
	isCaughtUp(kept: number): void {
		for (const [callId, last] of this.#away)
			if (last <= kept) this.#away.delete(callId);
		this.isBehind = this.#away.size > 0;
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
