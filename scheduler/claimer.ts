import { Alarm } from "../core/alarm.js";
import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import { Forgotten } from "../core/forgotten.js";
import type { Log } from "../core/log.js";
import type { Accounts } from "../store/account.js";
import type { ClaimedCall, Queue } from "../store/store.js";
import type { AccountLines, HeldCalls } from "./account-lines.js";
import { Tally } from "./tally.js";

/** Looks at least so often for what other instances have left or want. */
const LONGEST_SLEEP_MS = 3_000;
/** Another instance is just claiming what is due. */
const LOCKED_MS = 50;
/** How many calls one statement takes over. */
const CLAIM = 100;

export interface ClaimerOptions {
	queue: Queue;
	clock: Clock;
	log: Log;
	queueTimeoutMs: number;
	queueLimit: number;
	dialer: { capacity(): number };
	/** How many more calls this instance would carry on. */
	room(): number;
	/** Which calls of an account are here. */
	heldOf(cloudId: string): HeldCalls;
	/** None wait any more that could have been taken. */
	onNoBacklog(): void;
	lines: AccountLines;
	accounts: Pick<Accounts, "limited" | "onLimits">;
	/** A call whose turn has come here, or that waited too long. */
	take(call: ClaimedCall): void;
	/** A call that an ended instance has left in the middle of an attempt. */
	takeLeft(call: ClaimedCall): Promise<void>;
	/** Whether this instance carries it on. */
	isHere(callId: string): boolean;
	/** Somebody wants a call of this instance to end. */
	stop(callId: string): void;
}

/** Takes over calls that are due, as far as there is room, and what ended instances have left. */
export class Claimer {
	readonly #options: ClaimerOptions;
	readonly #alarm: Alarm;
	/** Of the clock that only goes forward: when it has to look for what others have left or want. */
	#looksForAllAt = 0;
	readonly #forgotten: Forgotten;
	#open = true;
	/** Calls that are due and nobody's, as far as is known here. */
	#backlog = 0;
	/** Those of each account that has limits, counted apart: nobody else waits for them. */
	#backlogs = new Tally();
	#learning: Promise<void> = Promise.resolve();
	/** Accounts that have limits, or all others, are served first in turn. */
	#turn = 0;
	/** In which turn each of them was served last: who has waited the longest comes first. */
	readonly #servedIn = new Map<string, number>();

	constructor(options: ClaimerOptions) {
		this.#options = options;
		this.#forgotten = new Forgotten(options.clock);
		this.#alarm = new Alarm(options.clock, () => this.#look());
		options.queue.onDueSoon((dueAt) => {
			if (options.room() > 0) this.#wakeAt(dueAt);
		});
		options.queue.onStopAsked(() => this.lookForAll());
		options.accounts.onLimits(() => this.lookForAll());
	}

	/** Calls that wait and are nobody's, but for accounts that have limits. */
	get backlog(): number {
		return this.#backlog;
	}

	/** The same of an account that has limits. */
	backlogOf(cloudId: string): number {
		return this.#backlogs.of(cloudId);
	}

	/** Takes over all that ended instances have left, then goes on looking. */
	async start(): Promise<void> {
		await this.learnLimits();
		await this.#takeLeft();
		this.#alarm.wakeIn(0);
	}

	/** A call was kept that is nobody's, due at `dueAt`. */
	expect(dueAt: number, cloudId: string): void {
		const { clock, room, queueTimeoutMs, lines } = this.#options;
		const isDue = dueAt <= clock.now();
		if (isDue && lines.has(cloudId)) this.#backlogs.add(cloudId, 1);
		else if (isDue) this.#backlog++;
		// without room there is nothing to wake for but that it has waited too long
		this.#wakeAt(isDue && room() <= 0 ? dueAt + queueTimeoutMs : dueAt);
	}

	/** There is room again. */
	wake(): void {
		this.#alarm.wakeIn(0);
	}

	/** Something was left, or asked for. */
	lookForAll(): void {
		this.#looksForAllAt = 0;
		this.#alarm.wakeIn(0);
	}

	/** Claims no more; who is to be stopped is still looked for. */
	close(): void {
		this.#open = false;
	}

	async stop(): Promise<void> {
		this.#open = false;
		await this.#alarm.stop();
	}

	#wakeAt(instant: number): void {
		this.#alarm.wakeIn(instant - this.#options.clock.now());
	}

	async #look(): Promise<number> {
		const { queue, clock, log, stop, room, queueTimeoutMs, lines } =
			this.#options;
		const lookedAt = clock.now();
		try {
			if (!this.#open) {
				for (const id of await queue.stopsAsked()) stop(id);
				return LONGEST_SLEEP_MS;
			}
			if (clock.monotonic() >= this.#looksForAllAt) {
				this.#looksForAllAt = clock.monotonic() + LONGEST_SLEEP_MS;
				await this.#leaveForgotten();
				await this.#takeLeft();
				for (const id of await queue.stopsAsked()) stop(id);
				await this.learnLimits();
				await this.#takeLate();
			} else if (this.#backlog > 0) await this.#takeLate();
			const roomBefore = room();
			const isTurnOfLimited = this.#turn % 2 === 0;
			if (!isTurnOfLimited) await this.#takeDue();
			const limitedAt = await this.#takeLimited();
			if (isTurnOfLimited) await this.#takeDue();
			if (room() < roomBefore) this.#turn++;
			if (!this.#open) return LONGEST_SLEEP_MS;
			const isFull = room() <= 0;
			const dueAt = await queue.nextDueAt({
				except: lines.ids,
				expiring: isFull,
			});
			const soonMs =
				Math.min(limitedAt, this.#looksForAllAt) - clock.monotonic();
			if (dueAt === null) return soonMs;
			// without room there is nothing to wake for but that the first of them has waited too long
			const at = isFull ? dueAt + queueTimeoutMs : dueAt;
			// it was due already when it was not to be had
			if (at <= lookedAt) return Math.min(LOCKED_MS, soonMs);
			return Math.min(at - clock.now(), soonMs);
		} catch (error) {
			log.warn({ err: message(error) }, "could not look for calls");
			return LONGEST_SLEEP_MS;
		}
	}

	/** Accounts' limits as they are from now on; one after the other, so that no older answer counts. */
	learnLimits(): Promise<void> {
		const learnt = this.#learning.then(() => this.#learn());
		this.#learning = learnt.catch(() => {});
		return learnt;
	}

	async #learn(): Promise<void> {
		const { queue, clock, lines } = this.#options;
		lines.know(await this.#options.accounts.limited());
		const { ids } = lines;
		this.#backlogs = new Tally(
			ids.length === 0
				? []
				: await queue.backlogs(clock.now(), this.#mostCounted, ids),
		);
	}

	async #leaveForgotten(): Promise<void> {
		const { queue, isHere, log } = this.#options;
		const forgotten = this.#forgotten.look(await queue.held(), isHere);
		if (forgotten.length === 0) return;
		log.warn({ calls: forgotten }, "calls that nobody carried on");
		await queue.leave(forgotten);
	}

	async #takeLeft(): Promise<void> {
		const { queue, takeLeft } = this.#options;
		while (this.#open) {
			const left = await queue.claimLeft(CLAIM);
			for (const call of left) await takeLeft(call);
			if (left.length < CLAIM) return;
		}
	}

	/** Those that waited too long, though there is no room for them. */
	async #takeLate(): Promise<void> {
		const { queue, clock, queueTimeoutMs, take } = this.#options;
		while (this.#open) {
			const by = clock.now() - queueTimeoutMs;
			const late = await queue.claimDue(by, CLAIM, { expiring: true });
			for (const call of late) take(call);
			if (late.length < CLAIM) return;
		}
	}

	/** Calls of accounts that have limits, as far as they permit; returns when they permit or want more, by the clock that only goes forward. */
	async #takeLimited(): Promise<number> {
		const { queue, clock, room, heldOf, take, lines } = this.#options;
		let soonAt = Number.POSITIVE_INFINITY;
		const open: string[] = [];
		const servedIn = (cloudId: string) => this.#servedIn.get(cloudId) ?? -1;
		const inTurn = lines.ids.sort((a, b) => servedIn(a) - servedIn(b));
		for (const cloudId of inTurn) {
			const wanted = Math.min(
				...[room(), CLAIM, lines.room(cloudId, heldOf(cloudId))],
			);
			const only = { only: [cloudId] };
			const due =
				wanted > 0 ? await queue.claimDue(clock.now(), wanted, only) : [];
			for (const call of due) take(call);
			this.#backlogs.add(cloudId, -due.length);
			if (due.length > 0) this.#servedIn.set(cloudId, this.#turn);
			const waitMs = lines.waitMs(cloudId);
			if (due.length < wanted) open.push(cloudId);
			else if (waitMs !== null)
				soonAt = Math.min(soonAt, clock.monotonic() + waitMs);
		}
		if (open.length === 0) return soonAt;
		const dueAt = await queue.nextDueAt({ only: open });
		if (dueAt === null) return soonAt;
		const inMs = dueAt - clock.now();
		return Math.min(soonAt, clock.monotonic() + (inMs > 0 ? inMs : LOCKED_MS));
	}

	async #takeDue(): Promise<void> {
		const { queue, clock, room, take, lines } = this.#options;
		const except = { except: lines.ids };
		while (this.#open) {
			const wanted = Math.min(room(), CLAIM);
			const due =
				wanted > 0 ? await queue.claimDue(clock.now(), wanted, except) : [];
			for (const call of due) take(call);
			if (due.length === wanted && wanted > 0) continue;
			const hadSome = this.#backlog > 0;
			this.#backlog =
				wanted > 0
					? 0
					: await queue.backlog(clock.now(), this.#mostCounted, except);
			if (hadSome && this.#backlog === 0) this.#options.onNoBacklog();
			return;
		}
	}

	/** More need not be told apart: of so many, QUEUE_LIMIT have no line. */
	get #mostCounted(): number {
		const { queueLimit, dialer } = this.#options;
		return queueLimit + dialer.capacity();
	}
}
