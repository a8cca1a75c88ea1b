import { Alarm } from "../core/alarm.js";
import type { Clock } from "../core/clock.js";
import { message } from "../core/fault.js";
import type { Log } from "../core/log.js";
import type { ClaimedCall, Queue } from "../store/store.js";

/** Looks at least so often for what other instances have left or want. */
const LONGEST_SLEEP_MS = 3_000;
/** How many calls one statement takes over. */
const CLAIM = 100;

export interface ClaimerOptions {
	queue: Queue;
	clock: Clock;
	log: Log;
	queueTimeoutMs: number;
	queueLimit: number;
	/** How many more calls this instance would carry on. */
	room(): number;
	/** A call whose turn has come here, or that waited too long. */
	take(call: ClaimedCall): void;
	/** A call that an ended instance has left in the middle of an attempt. */
	takeLeft(call: ClaimedCall): Promise<void>;
	/** Somebody wants a call of this instance to end. */
	stop(callId: string): void;
}

/** Takes over calls that are due, as far as there is room, and what ended instances have left. */
export class Claimer {
	readonly #options: ClaimerOptions;
	readonly #alarm: Alarm;
	/** Of the clock that only goes forward: when it has to look for what others have left or want. */
	#looksForAllAt = 0;
	#open = true;
	/** Calls that are due and nobody's, as far as is known here. */
	#backlog = 0;

	constructor(options: ClaimerOptions) {
		this.#options = options;
		this.#alarm = new Alarm(options.clock, () => this.#look());
		options.queue.onDueSoon((dueAt) => {
			if (options.room() > 0) this.#wakeAt(dueAt);
		});
		options.queue.onStopAsked(() => this.lookForAll());
	}

	get backlog(): number {
		return this.#backlog;
	}

	/** Takes over all that ended instances have left, then goes on looking. */
	async start(): Promise<void> {
		await this.#takeLeft();
		this.#alarm.wakeIn(0);
	}

	/** A call was kept that is nobody's, due at `dueAt`. */
	expect(dueAt: number): void {
		const { clock, room, queueTimeoutMs } = this.#options;
		const isDue = dueAt <= clock.now();
		if (isDue) this.#backlog++;
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

	async stop(): Promise<void> {
		this.#open = false;
		await this.#alarm.stop();
	}

	#wakeAt(instant: number): void {
		this.#alarm.wakeIn(instant - this.#options.clock.now());
	}

	async #look(): Promise<number> {
		const { queue, clock, log, stop, room, queueTimeoutMs } = this.#options;
		try {
			if (clock.monotonic() >= this.#looksForAllAt) {
				this.#looksForAllAt = clock.monotonic() + LONGEST_SLEEP_MS;
				await this.#takeLeft();
				for (const id of await queue.stopsAsked()) stop(id);
			}
			await this.#takeLate();
			await this.#takeDue();
			if (!this.#open) return LONGEST_SLEEP_MS;
			const dueAt = await queue.nextDueAt();
			if (dueAt === null) return LONGEST_SLEEP_MS;
			// without room there is nothing to wake for but that the first of them has waited too long
			const at = room() > 0 ? dueAt : dueAt + queueTimeoutMs;
			const untilAllMs = this.#looksForAllAt - clock.monotonic();
			return Math.min(at - clock.now(), untilAllMs);
		} catch (error) {
			log.warn({ err: message(error) }, "could not look for calls");
			return LONGEST_SLEEP_MS;
		}
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
		while (this.#open && this.#backlog > 0) {
			const by = clock.now() - queueTimeoutMs;
			const late = await queue.claimDue(by, CLAIM);
			for (const call of late) take(call);
			if (late.length < CLAIM) return;
		}
	}

	async #takeDue(): Promise<void> {
		const { queue, clock, queueLimit, room, take } = this.#options;
		while (this.#open) {
			const wanted = Math.min(room(), CLAIM);
			const due = wanted > 0 ? await queue.claimDue(clock.now(), wanted) : [];
			for (const call of due) take(call);
			if (due.length === wanted && wanted > 0) continue;
			this.#backlog =
				wanted > 0 ? 0 : await queue.backlog(clock.now(), queueLimit + 1);
			return;
		}
	}
}
