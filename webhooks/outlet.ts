import { type Clock, secondsBetween } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { Deliveries, Delivery, DeliveryResult } from "../store/store.js";
import { Lane } from "./lane.js";
import { retryDelayMs } from "./retries.js";
import type { Attempt, Sender } from "./sender.js";

/** Requests under way to one endpoint. */
const WIDTH = 32;
/** After so many failures in a row an endpoint is left alone for a while. */
const PAUSE_AFTER = 10;
const PAUSE_MS = 30_000;
/** After an attempt that could not be made, since the secrets could not be read. */
const UNSIGNED_MS = 5_000;
/** Of what waits in line in the store, taken at once. */
const CLAIM = 200;

/** What the endpoints of one instance share. */
export interface Post {
	readonly deliveries: Deliveries;
	readonly sender: Sender;
	readonly clock: Clock;
	readonly log: Log;
	/** From 0 to 1. */
	random(): number;
	/** Seconds since the event, and whether it was taken. */
	onAttempt(seconds: number, taken: boolean): void;
	/** Breaks off what is under way. */
	readonly stop: AbortSignal;
	/** Whether it takes more from the store than it has. */
	claims(): boolean;
	/** Nothing is sent there until somebody enables it. */
	isDisabled(endpointId: string): boolean;
	/** It answered 410. */
	disable(endpointId: string): Promise<void>;
	/** The event is this instance's to send until its result is kept. */
	owns(eventId: string): void;
	settle(result: DeliveryResult): Promise<void>;
	/** Looks no later for what is due. */
	wakeIn(delayMs: number): void;
	/** Until it is over, the instance has something under way. */
	track(work: Promise<unknown>): void;
	/** Nothing of it is here any more. */
	forget(endpointId: string): void;
}

/** Sends what there is for one endpoint: from memory, and from its line in the store. */
export class Outlet {
	readonly #id: string;
	readonly #post: Post;
	readonly #lane = new Lane();
	/** In a row, without a success between. */
	#failures = 0;
	/** Nothing is sent before, by the clock that only goes forward. */
	#pausedUntil = 0;
	/** It is just being filled from the line, or leaves it. */
	#isFeeding = false;
	/** No other instance takes from the line. */
	#holdsLine = false;
	/** Events that were taken from the line and wait to be sent. */
	readonly #fromLine = new Set<string>();

	constructor(id: string, post: Post) {
		this.#id = id;
		this.#post = post;
	}

	/** Milliseconds for which nothing is sent there; for ever while it is disabled. */
	get closedForMs(): number {
		if (this.#post.isDisabled(this.#id)) return Number.POSITIVE_INFINITY;
		return Math.max(0, this.#pausedUntil - this.#post.clock.monotonic());
	}

	/** Whether it takes a retry. */
	get takesMore(): boolean {
		return this.closedForMs === 0 && !this.#lane.isFull;
	}

	/** Sends an event that was just kept. */
	publish(delivery: Delivery): void {
		if (this.closedForMs > 0 || !this.#lane.takes(delivery))
			this.#sendAway(delivery, false);
		else this.#add(delivery);
	}

	/** Sends again what had failed. */
	retry(delivery: Delivery): void {
		if (this.takesMore) this.#add(delivery);
		else this.#sendAway(delivery, false);
	}

	/** Begins at once, though it was left alone for a while. */
	resume(): void {
		this.#pausedUntil = 0;
		this.#failures = 0;
	}

	/** Something waits in line for it. */
	hasLine(): void {
		this.#lane.isBehind = true;
	}

	/** Fills it from its line in the store, if there is one and it has room; leaves a line that is over. */
	feed(): void {
		if (this.#isFeeding) return;
		const { wanted } = this.#lane;
		const isOpen = this.#post.claims() && this.closedForMs === 0;
		if (wanted > 0 && isOpen)
			this.#atLine(() => this.#feedOnce(Math.min(wanted, CLAIM)));
		else if (this.#mayLeave) this.#atLine(() => this.#leaveLine());
	}

	/** Goes on if `work` resolves to true: there may be more to do. */
	#atLine(work: () => Promise<boolean>): void {
		this.#isFeeding = true;
		const done = work()
			.catch((error) => {
				const err = message(error);
				this.#post.log.warn({ err }, "could not look for deliveries");
				return false;
			})
			.then((again) => {
				this.#isFeeding = false;
				if (again) this.#pump();
			});
		this.#post.track(done);
	}

	/** Whether there may be more for it. */
	async #feedOnce(limit: number): Promise<boolean> {
		const lane = this.#lane;
		const { kept } = lane;
		const claimed = await this.#post.deliveries.claimLine(this.#id, limit);
		// another instance sends them
		if (!claimed) return false;
		this.#holdsLine = true;
		for (const delivery of claimed) {
			this.#post.owns(delivery.event.id);
			this.#fromLine.add(delivery.event.id);
			if (this.takesMore) this.#add(delivery);
			else this.#sendAway(delivery, true);
		}
		if (claimed.length < limit) lane.isCaughtUp(kept);
		return claimed.length > 0 || lane.kept > kept || !lane.isBehind;
	}

	/** Not before all that it took was sent: another instance would send what is newer of the same calls. */
	get #mayLeave(): boolean {
		const isOver = !this.#lane.isBehind && this.#fromLine.size === 0;
		return this.#holdsLine && isOver && !this.#post.stop.aborted;
	}

	async #leaveLine(): Promise<boolean> {
		this.#holdsLine = false;
		await this.#post.deliveries.leaveLine(this.#id);
		return true;
	}

	#add(delivery: Delivery): void {
		this.#lane.add(delivery);
		this.#pump();
	}

	#pump(): void {
		const lane = this.#lane;
		while (!this.#post.stop.aborted && lane.inFlight < WIDTH) {
			const delivery = lane.next();
			if (!delivery) break;
			const sent = this.#deliver(delivery)
				.catch(this.#notKept)
				.then(() => {
					this.#fromLine.delete(delivery.event.id);
					lane.done(delivery.event.call_id);
					this.#pump();
				});
			this.#post.track(sent);
		}
		this.feed();
		this.#forget();
	}

	/** What a disabled one has is in the store. */
	#forget(): void {
		const { isEmpty, isBehind } = this.#lane;
		const isOver = isBehind
			? this.#post.isDisabled(this.#id)
			: this.closedForMs === 0;
		if (isEmpty && isOver && !this.#isFeeding) this.#post.forget(this.#id);
	}

	/** It stays this instance's in the store, until it is given back as unknown. */
	#notKept = (error: unknown): void => {
		this.#post.log.error({ err: message(error) }, "delivery not kept");
	};

	async #deliver(delivery: Delivery): Promise<void> {
		const { sender, log, stop } = this.#post;
		let attempt: Attempt | undefined;
		try {
			attempt = await sender.send(delivery, stop);
		} catch (error) {
			log.warn({ err: message(error) }, "event not sent");
		}
		// broken off by us: the next instance makes it anew
		if (stop.aborted) return;
		if (attempt) await this.#told(delivery, attempt);
		else this.#pause(UNSIGNED_MS, [delivery]);
	}

	/** Keeps what came of an attempt. */
	async #told(
		delivery: Delivery,
		{ httpStatus, detail, askedMs }: Attempt,
	): Promise<void> {
		const { clock, log, random, settle, track } = this.#post;
		const { event } = delivery;
		const attempts = delivery.attempts + 1;
		const at = clock.now();
		const age = secondsBetween(Date.parse(event.at), at);
		this.#post.onAttempt(age, detail === null);
		const result = {
			...{ eventId: event.id, attempts },
			attempt: { at, httpStatus, detail },
		};
		if (detail === null) {
			this.#failures = 0;
			// the call's next event need not wait until this is kept
			track(
				settle({ ...result, status: "delivered", dueAt: at }).catch(
					this.#notKept,
				),
			);
			return;
		}
		const { call_id: callId, type, seq } = event;
		log.warn({ callId, type, seq, attempts, detail }, "event not delivered");
		if (httpStatus === 410) await this.#disable();
		const isDown = httpStatus === 410 || ++this.#failures >= PAUSE_AFTER;
		const pauseMs = Math.max(isDown ? PAUSE_MS : 0, askedMs);
		if (pauseMs > 0) this.#pause(pauseMs);
		const delayMs = retryDelayMs(attempts, askedMs, random());
		const status = delayMs === null ? "dead" : "pending";
		await settle({ ...result, status, dueAt: at + (delayMs ?? 0) });
		if (delayMs !== null) this.#post.wakeIn(delayMs);
	}

	/** If that is not kept, the next attempt is answered 410, too. */
	async #disable(): Promise<void> {
		await this.#post.disable(this.#id).catch((error) => {
			const err = message(error);
			this.#post.log.warn({ err }, "endpoint not disabled");
		});
	}

	/** Sends nothing there for a while, and gives back what waits, `unsent` first. */
	#pause(pauseMs: number, unsent: readonly Delivery[] = []): void {
		const until = this.#post.clock.monotonic() + pauseMs;
		this.#pausedUntil = Math.max(this.#pausedUntil, until);
		for (const delivery of [...unsent, ...this.#lane.drain()])
			this.#sendAway(delivery, true);
		this.#post.wakeIn(pauseMs);
	}

	/** Back to the store: a first attempt to the line, a retry until there is room; `wasHere`: older than what is in line. */
	#sendAway(delivery: Delivery, wasHere: boolean): void {
		const { clock, settle, track } = this.#post;
		const { event, attempts } = delivery;
		const pauseMs = Math.max(0, this.#pausedUntil - clock.monotonic());
		const kept = settle({
			...{ eventId: event.id, status: "pending", attempts, attempt: null },
			dueAt: attempts > 0 ? clock.now() + pauseMs : Date.parse(event.at),
		});
		const away =
			attempts > 0 ? kept : this.#lane.sendAway(delivery, wasHere, kept);
		track(
			away.catch(this.#notKept).then(() => {
				this.#fromLine.delete(event.id);
				this.feed();
				this.#forget();
			}),
		);
	}
}
