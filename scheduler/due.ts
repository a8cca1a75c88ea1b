import { Alarm } from "../core/alarm.js";
import { type Clock, secondsBetween } from "../core/clock.js";
import type { CallEvent } from "../core/event.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { FiredCall } from "../store/callback.js";
import type { Line, NewCall } from "./dispatcher.js";
import { firedCall } from "./fired-call.js";

/** Looks at least so often, whatever it was told: a NOTIFY may be lost, a clock may be set. */
const LONGEST_SLEEP_MS = 5_000;
/** Another instance is just firing what is due. */
const LOCKED_MS = 50;
const FAILED_MS = 1_000;
const FAILED = "what is due was not fired";
/** Fired in one transaction: few enough that none of them waits long for the others. */
const BATCH = 100;

/** Something that falls due and becomes calls. */
export interface DueWork {
	/** Fires up to `limit` that are due, `keep` giving each call, due since `dueAt`, the form in which it is kept; returns how many there were and which calls are kept. */
	fire(
		limit: number,
		keep: (call: NewCall, dueAt: number) => FiredCall,
	): Promise<{ due: number; callIds: ReadonlySet<string> }>;
	nextDueAt(): Promise<number | null>;
	onDueSoon(listener: (dueAt: number) => void): void;
}

export interface DueOptions {
	work: readonly DueWork[];
	line: Line;
	/** Told of each call's first event once it is kept. */
	tell(call: NewCall, queued: CallEvent): void;
	/** Told how late each one became a call. */
	onFired?(secondsLate: number): void;
	clock: Clock;
	log: Log;
}

interface Made {
	call: NewCall;
	queued: CallEvent;
	owned: boolean;
	dueAt: number;
}

/**
 * Sleeps until something is due, fires as much as the line has room for, and begins those calls. The rest stays where it is
 * and is fired, the longest due first, as calls end. Nothing fires early: only what the injected clock has passed is taken.
 */
export class Due {
	readonly #options: DueOptions;
	readonly #alarm: Alarm;
	#open = false;
	#waitsForRoom = false;

	constructor(options: DueOptions) {
		this.#options = options;
		const { clock, line, work } = options;
		this.#alarm = new Alarm(clock, () => this.#look());
		for (const one of work)
			one.onDueSoon((dueAt) => this.#wakeIn(dueAt - clock.now()));
		line.onRoom(() => {
			if (this.#waitsForRoom) this.#wakeIn(0);
		});
	}

	start(): void {
		this.#open = true;
		this.#wakeIn(0);
	}

	/** Fires no more; resolves when what is being fired is kept. */
	async stop(): Promise<void> {
		this.#open = false;
		await this.#alarm.stop();
	}

	#wakeIn(delayMs: number): void {
		if (this.#open) this.#alarm.wakeIn(delayMs);
	}

	/** Milliseconds until it has to look again. */
	async #look(): Promise<number> {
		const { work, clock } = this.#options;
		this.#waitsForRoom = false;
		const lookedAt = clock.now();
		const fired: DueWork[] = [];
		for (const one of work) {
			if (await this.#tryFire(one)) fired.push(one);
			if (this.#waitsForRoom) return LONGEST_SLEEP_MS;
		}
		const longest = fired.length < work.length ? FAILED_MS : LONGEST_SLEEP_MS;
		try {
			const next = await Promise.all(fired.map((one) => one.nextDueAt()));
			const at = Math.min(
				...next.map((dueAt) => dueAt ?? Number.POSITIVE_INFINITY),
			);
			// it was due already when it was not to be had
			if (at <= lookedAt) return LOCKED_MS;
			return Math.min(at - clock.now(), longest);
		} catch (error) {
			this.#options.log.warn({ err: message(error) }, FAILED);
			return FAILED_MS;
		}
	}

	/** False if it failed, which keeps no other work from its own. */
	async #tryFire(work: DueWork): Promise<boolean> {
		try {
			await this.#fireAll(work);
			return true;
		} catch (error) {
			this.#options.log.warn({ err: message(error) }, FAILED);
			return false;
		}
	}

	/** All that is due, or as much as the line has room for. */
	async #fireAll(work: DueWork): Promise<void> {
		const { line, clock, tell } = this.#options;
		while (this.#open) {
			const limit = Math.min(line.room, BATCH);
			this.#waitsForRoom = limit <= 0;
			if (this.#waitsForRoom) return;
			const made: Made[] = [];
			const { due, callIds } = await work.fire(limit, (call, dueAt) => {
				const owned = line.takes(call.cloudId);
				const fired = firedCall(call, clock.now(), owned);
				made.push({ call, queued: fired.queued, owned, dueAt });
				return fired;
			});
			const kept = made.filter(({ call }) => callIds.has(call.id));
			for (const { call, queued, dueAt } of kept) {
				tell(call, queued);
				this.#options.onFired?.(secondsBetween(dueAt, clock.now()));
			}
			const ours = kept.filter(({ owned }) => owned);
			if (ours.length > 0) line.begin(ours.map(({ call }) => call));
			for (const { call, owned } of kept)
				if (!owned) line.expect(call, call.dueAt);
			if (due < limit) return;
		}
	}
}
