import { setMaxListeners } from "node:events";
import { Alarm } from "../core/alarm.js";
import type { Clock } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import { message } from "../core/fault.js";
import type { Teller } from "../core/http.js";
import type { Log } from "../core/log.js";
import { endpointId } from "../store/endpoint-id.js";
import type { Deliveries, Delivery, Publish } from "../store/store.js";
import { Lane } from "./lane.js";
import { retryDelayMs } from "./retries.js";
import { Sender } from "./sender.js";

/** For what is here when the service ends. */
const LAST_WORDS_MS = 2_000;
/** Requests under way to one endpoint. */
const LANE_WIDTH = 32;
/** After so many failures in a row an endpoint is left alone for a while. */
const PAUSE_AFTER = 10;
const PAUSE_MS = 30_000;
const CLAIM = 200;
/** Looks at least so often for what other instances have left. */
const LONGEST_SLEEP_MS = 5_000;
export interface DelivererOptions {
	deliveries: Deliveries;
	http: Teller;
	clock: Clock;
	log: Log;
	/** From 0 to 1. */
	random?: () => number;
}

/**
 * Sends events to the addresses that calls were posted with, at least once each: what is not taken is sent again for 72 hours.
 * The first attempts of one call's events are made in their order; endpoints do not wait for each other.
 */
export class Deliverer {
	readonly #options: Required<DelivererOptions>;
	readonly #sender: Sender;
	readonly #lanes = new Map<string, Lane>();
	readonly #underWay = new Set<Promise<unknown>>();
	/** Looks for what is due. */
	readonly #alarm: Alarm;
	/** It looks for more than it was given. */
	#claims = true;
	#open = true;
	readonly #stop = new AbortController();

	constructor(options: DelivererOptions) {
		this.#options = { random: Math.random, ...options };
		const { http, deliveries, clock } = options;
		this.#sender = new Sender(http, deliveries, clock);
		this.#alarm = new Alarm(clock, () => {
			const claimed = this.#claim();
			this.#track(claimed);
			return claimed;
		});
		// every request under way listens
		setMaxListeners(0, this.#stop.signal);
	}

	/** Begins to look for what is due. */
	start(): void {
		this.#alarm.wakeIn(0);
	}

	/** Sends an event that was just kept, with its delivery, by this instance. */
	publish({ url, method }: Publish, event: CallEvent): void {
		const endpoint = endpointId(event.cloud_id, url);
		this.#take({ event, endpointId: endpoint, url, method, attempts: 0 }, true);
	}

	/** Takes a delivery that is this instance's: claimed, or just kept (`isNew`). */
	#take(delivery: Delivery, isNew = false): void {
		const lane = this.#lane(delivery.endpointId);
		const now = this.#options.clock.now();
		if (!this.#open) return;
		if (lane.pausedUntil > now) this.#putOff([delivery], lane.pausedUntil);
		else if (lane.isFull || (isNew && lane.overflows))
			this.#putBack(delivery, lane);
		else {
			lane.add(delivery);
			this.#pump(delivery.endpointId, lane);
		}
	}

	/** Looks at once for what is due there, though it was left alone for a while. */
	resume(endpointId: string): void {
		const lane = this.#lanes.get(endpointId);
		if (lane) {
			lane.pausedUntil = 0;
			lane.failures = 0;
		}
		this.#alarm.wakeIn(0);
	}

	/** Looks for nothing more and sends what is here for a moment; the rest stays in the store. */
	async stop(): Promise<void> {
		this.#claims = false;
		void this.#alarm.stop();
		const end = () => {
			this.#open = false;
			this.#stop.abort();
		};
		const cancel = this.#options.clock.after(LAST_WORDS_MS, end, true);
		await this.idle();
		end();
		cancel();
	}

	/** Resolves when nothing is under way. */
	async idle(): Promise<void> {
		while (this.#underWay.size > 0) await Promise.all(this.#underWay);
	}

	/** Until it is over, this is not idle. */
	#track(work: Promise<unknown>): void {
		const tracked = work.finally(() => this.#underWay.delete(tracked));
		this.#underWay.add(tracked);
	}

	#lane(endpointId: string): Lane {
		const known = this.#lanes.get(endpointId);
		if (known) return known;
		const lane = new Lane();
		this.#lanes.set(endpointId, lane);
		return lane;
	}

	#pump(endpointId: string, lane: Lane): void {
		while (this.#open && lane.inFlight < LANE_WIDTH) {
			const delivery = lane.next();
			if (!delivery) break;
			const sent = this.#deliver(lane, delivery)
				.catch(this.#notKept)
				.then(() => {
					lane.done(delivery.event.call_id);
					if (lane.hasRoomAgain()) this.#alarm.wakeIn(0);
					this.#pump(endpointId, lane);
				});
			this.#track(sent);
		}
		const isForgotten =
			lane.isIdle &&
			lane.pausedUntil < this.#options.clock.now() &&
			lane.failures === 0;
		if (isForgotten) this.#lanes.delete(endpointId);
	}

	/** It stays ours in the store, and comes back when this instance ends. */
	#notKept = (error: unknown): void => {
		this.#options.log.error({ err: message(error) }, "delivery not kept");
	};

	async #deliver(lane: Lane, delivery: Delivery): Promise<void> {
		const { deliveries, clock, log, random } = this.#options;
		const { event, endpointId } = delivery;
		const attempts = delivery.attempts + 1;
		const { httpStatus, detail, askedMs } = await this.#sender.send(
			delivery,
			this.#stop.signal,
		);
		// broken off by us: the next instance makes it anew
		if (this.#stop.signal.aborted) return;
		const at = clock.now();
		const attempt = { at, httpStatus, detail };
		if (detail === null) {
			lane.failures = 0;
			const delivered = { eventId: event.id, status: "delivered" } as const;
			// the call's next event need not wait until this is kept
			this.#track(
				deliveries
					.settle({ ...delivered, attempts, dueAt: at, attempt })
					.catch(this.#notKept),
			);
			return;
		}
		log.warn(
			{
				callId: event.call_id,
				type: event.type,
				seq: event.seq,
				attempts,
				detail,
			},
			"event not delivered",
		);
		if (httpStatus === 410)
			await deliveries.disableEndpoint(endpointId, "it answered 410 Gone");
		const isDown = httpStatus === 410 || ++lane.failures >= PAUSE_AFTER;
		const pauseMs = Math.max(isDown ? PAUSE_MS : 0, askedMs);
		if (pauseMs > 0) this.#pause(lane, at + pauseMs);
		const delayMs = retryDelayMs(attempts, askedMs, random());
		await deliveries.settle({
			eventId: event.id,
			status: delayMs === null ? "dead" : "pending",
			attempts,
			dueAt: at + (delayMs ?? 0),
			attempt,
		});
		if (delayMs !== null) this.#alarm.wakeIn(delayMs);
	}

	/** Sends nothing there until then, and gives back what waits. */
	#pause(lane: Lane, until: number): void {
		lane.pausedUntil = Math.max(lane.pausedUntil, until);
		this.#putOff(lane.drain(), lane.pausedUntil);
	}

	/** Back to the store, to be claimed by whoever is there then. */
	#putOff(waiting: readonly Delivery[], dueAt: number): void {
		for (const delivery of waiting)
			this.#giveBack(delivery, dueAt).catch(this.#notKept);
		this.#alarm.wakeIn(dueAt - this.#options.clock.now());
	}

	/** Back to the store, to be claimed as soon as there is room, in its old place. */
	#putBack(delivery: Delivery, lane: Lane): void {
		lane.overflows = true;
		lane.putBacks++;
		lane.goingBack++;
		const kept = this.#giveBack(delivery, Date.parse(delivery.event.at))
			.catch(this.#notKept)
			.finally(() => {
				lane.goingBack--;
				if (lane.goingBack === 0 && !lane.isFull) this.#alarm.wakeIn(0);
			});
		this.#track(kept);
	}

	#giveBack({ event, attempts }: Delivery, dueAt: number): Promise<void> {
		return this.#options.deliveries.settle({
			...{ eventId: event.id, status: "pending", attempt: null },
			...{ attempts, dueAt },
		});
	}

	/** Endpoints that take no more at the moment. */
	#busy(): string[] {
		const now = this.#options.clock.now();
		return [...this.#lanes].flatMap(([id, lane]) =>
			lane.isClosed || lane.pausedUntil > now ? [id] : [],
		);
	}

	/** Takes what is due from the store; returns in how many milliseconds it wants to look again. */
	async #claim(): Promise<number> {
		const { deliveries, log } = this.#options;
		let nextMs: number | null = null;
		try {
			for (;;) {
				const emptied = [...this.#lanes.values()]
					.filter((lane) => lane.overflows && !lane.isClosed)
					.map((lane) => ({ lane, putBacks: lane.putBacks }));
				const due = await deliveries.claimDue(CLAIM, this.#busy());
				if (due.length < CLAIM)
					for (const { lane, putBacks } of emptied)
						if (lane.putBacks === putBacks) lane.overflows = false;
				for (const delivery of due) this.#take(delivery);
				if (due.length < CLAIM || !this.#claims) break;
			}
			nextMs = await deliveries.nextDueInMs(this.#busy());
		} catch (error) {
			log.warn({ err: message(error) }, "could not look for deliveries");
		}
		const pauses = [...this.#lanes.values()]
			.map(({ pausedUntil }) => pausedUntil - this.#options.clock.now())
			.filter((ms) => ms > 0);
		return Math.min(nextMs ?? LONGEST_SLEEP_MS, LONGEST_SLEEP_MS, ...pauses);
	}
}
