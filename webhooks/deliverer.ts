import { setMaxListeners } from "node:events";
import { Alarm } from "../core/alarm.js";
import type { Clock } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import { message } from "../core/fault.js";
import { Forgotten } from "../core/forgotten.js";
import type { Teller } from "../core/http.js";
import type { Log } from "../core/log.js";
import type { Traces } from "../core/trace.js";
import { endpointId as idOf } from "../store/endpoint-id.js";
import type { Deliveries, DeliveryResult, Publish } from "../store/store.js";
import { Outlet, type Post } from "./outlet.js";
import { Sender } from "./sender.js";

/** For what is under way when the service ends. */
const LAST_WORDS_MS = 2_000;
/** Retries that are due, taken at once. */
const CLAIM = 200;
/** Endpoints whose lines are begun at once. */
const LINES = 100;
/** Looks at least so often for what other instances have left. */
const LONGEST_SLEEP_MS = 5_000;
/** Looks so often for what it has and does not know of. */
const FORGOTTEN_MS = 10_000;

export interface DelivererOptions {
	deliveries: Deliveries;
	http: Teller;
	clock: Clock;
	log: Log;
	/** Told of each attempt that was answered or failed: seconds since the event, and whether it was taken. */
	onAttempt?(seconds: number, taken: boolean): void;
	/** Where there are none, nothing is traced. */
	traces?: Pick<Traces, "delivery"> | undefined;
	/** From 0 to 1. */
	random?: () => number;
}

/**
 * Sends events to the addresses that calls were posted with, at least once each: what is not taken is sent again for 72 hours.
 * The first attempts of one call's events are made in their order; endpoints do not wait for each other.
 */
export class Deliverer {
	readonly #options: DelivererOptions;
	readonly #post: Post;
	readonly #outlets = new Map<string, Outlet>();
	readonly #underWay = new Set<Promise<unknown>>();
	/** As the store had them when it was last looked at. */
	#disabled = new Set<string>();
	/** Events that are this instance's to send, until what came of them is kept. */
	readonly #owned = new Set<string>();
	readonly #forgotten: Forgotten;
	#forgottenAt = 0;
	/** Looks for what waits in the store. */
	readonly #alarm: Alarm;
	readonly #stop = new AbortController();
	#claims = true;

	constructor(options: DelivererOptions) {
		this.#options = options;
		const { deliveries, http, clock, log, random = Math.random } = options;
		this.#forgotten = new Forgotten(clock);
		this.#alarm = new Alarm(clock, () => {
			const claimed = this.#claim();
			this.#track(claimed);
			return claimed;
		});
		this.#post = {
			...{ deliveries, clock, log, random, stop: this.#stop.signal },
			sender: new Sender({ http, deliveries, clock, traces: options.traces }),
			onAttempt: (...attempt) => options.onAttempt?.(...attempt),
			claims: () => this.#claims,
			isDisabled: (id) => this.#disabled.has(id),
			disable: (id) => {
				this.#disabled.add(id);
				return deliveries.disableEndpoint(id, "it answered 410 Gone");
			},
			owns: (eventId) => void this.#owned.add(eventId),
			settle: (result) => this.#settle(result),
			wakeIn: (delayMs) => this.#alarm.wakeIn(delayMs),
			track: (work) => this.#track(work),
			forget: (id) => void this.#outlets.delete(id),
		};
		// every request under way listens
		setMaxListeners(0, this.#stop.signal);
	}

	/** Begins to look for what is due. */
	start(): void {
		this.#alarm.wakeIn(0);
	}

	/** Sends an event that was just kept, with its delivery, by this instance. */
	publish(
		{ url, method }: Publish,
		event: CallEvent,
		traceparent?: string | null,
	): void {
		if (this.#stop.signal.aborted) return;
		this.#owned.add(event.id);
		const endpointId = idOf(event.cloud_id, url);
		const delivery = {
			...{ event, endpointId, url, method },
			...{ attempts: 0, traceparent: traceparent ?? null },
		};
		this.#outlet(endpointId).publish(delivery);
	}

	/** Looks at once for what waits there, though it was left alone for a while. */
	resume(endpointId: string): void {
		this.#outlets.get(endpointId)?.resume();
		this.#alarm.wakeIn(0);
	}

	/** Looks for nothing more and sends what is here for a moment; the rest stays in the store. */
	async stop(): Promise<void> {
		this.#claims = false;
		void this.#alarm.stop();
		const end = () => this.#stop.abort();
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

	#outlet(endpointId: string): Outlet {
		const known = this.#outlets.get(endpointId);
		if (known) return known;
		const outlet = new Outlet(endpointId, this.#post);
		this.#outlets.set(endpointId, outlet);
		return outlet;
	}

	async #settle(result: DeliveryResult): Promise<void> {
		try {
			await this.#options.deliveries.settle(result);
		} finally {
			this.#owned.delete(result.eventId);
		}
	}

	/** Takes what is due from the store; returns in how many milliseconds it wants to look again. */
	async #claim(): Promise<number> {
		const { deliveries, log } = this.#options;
		try {
			this.#disabled = new Set(await deliveries.disabledEndpoints());
			await this.#leaveForgotten();
			for (;;) {
				const due = await deliveries.claimDue(CLAIM, this.#closed());
				for (const delivery of due) {
					this.#owned.add(delivery.event.id);
					this.#outlet(delivery.endpointId).retry(delivery);
				}
				if (due.length < CLAIM || !this.#claims) break;
			}
			for (const id of await deliveries.lines(LINES, this.#closed()))
				this.#outlet(id).hasLine();
			const outlets = [...this.#outlets.values()];
			for (const outlet of outlets) outlet.feed();
			const nextMs = await deliveries.nextDueInMs(this.#closed());
			const pauses = outlets
				.map(({ closedForMs }) => closedForMs)
				.filter((ms) => ms > 0);
			return Math.min(nextMs ?? LONGEST_SLEEP_MS, LONGEST_SLEEP_MS, ...pauses);
		} catch (error) {
			log.warn({ err: message(error) }, "could not look for deliveries");
			return LONGEST_SLEEP_MS;
		}
	}

	/** Endpoints that take no more at the moment. */
	#closed(): string[] {
		return [...this.#outlets].flatMap(([id, { takesMore }]) =>
			takesMore ? [] : [id],
		);
	}

	/** Gives back what is this instance's by a claim whose answer was lost, or since its result was not kept. */
	async #leaveForgotten(): Promise<void> {
		const { deliveries, clock } = this.#options;
		const now = clock.monotonic();
		if (now < this.#forgottenAt) return;
		this.#forgottenAt = now + FORGOTTEN_MS;
		const held = await deliveries.held();
		const forgotten = this.#forgotten.look(held, (id) => this.#owned.has(id));
		if (forgotten.length > 0) await deliveries.leave(forgotten);
	}
}
