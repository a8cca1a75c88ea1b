import { type Clock, instant } from "../core/clock.js";
import type { CallEvent, CallHappening } from "../core/event.js";
import { newId } from "../core/id.js";
import type { Log } from "../core/log.js";
import type { CallTrace } from "../core/trace.js";
import type { WalkedFlow } from "../store/call-list.js";

/** Keeps events and what they change in the call's row, in one transaction; resolves when all is durable. */
export type Keep = (
	events: readonly CallEvent[],
	walked?: WalkedFlow,
) => Promise<void>;

export interface JournalOptions {
	callId: string;
	cloudId: string;
	metadata: Record<string, unknown> | null;
	/** The seq of the last event that is kept already. */
	lastSeq: number;
	clock: Clock;
	log: Log;
	keep: Keep;
	/** Told of what happens before it is kept. */
	trace?: CallTrace | undefined;
	/** Told only of what is kept. */
	tell(event: CallEvent): void;
}

/** Gives each happening of one call its place (id, seq, time), keeps it, then tells it. */
export class Journal {
	readonly #options: JournalOptions;
	#seq: number;
	#last: Promise<void> = Promise.resolve();
	/** An event could not be kept: none after it is, since `seq` has no gap. */
	#broken = false;
	/** The attempt has ended: the next seq is the next attempt's, and another journal gives it. */
	#ended = false;

	constructor(options: JournalOptions) {
		this.#options = options;
		this.#seq = options.lastSeq;
	}

	get trace(): CallTrace | undefined {
		return this.#options.trace;
	}

	/** Resolves when all that was recorded so far is durable; rejects if it could not be kept. */
	get kept(): Promise<void> {
		return this.#last;
	}

	/** The event as it will be kept; `record` does both. */
	write(happening: CallHappening): CallEvent {
		const { callId, cloudId, metadata, clock } = this.#options;
		return {
			...happening,
			id: newId(),
			seq: ++this.#seq,
			call_id: callId,
			cloud_id: cloudId,
			at: instant(clock.now()),
			...(metadata ? { metadata } : {}),
		};
	}

	/** Resolves when these events, kept together or not at all, and all before them are durable; rejects if one could not be kept. Events are told in order. */
	record(...happenings: CallHappening[]): Promise<void> {
		return this.#record(happenings);
	}

	/** As `record`, for the end of the attempt: what comes later is neither kept nor told. */
	end(...happenings: CallHappening[]): Promise<void> {
		const kept = this.#record(happenings);
		this.#ended = true;
		return kept;
	}

	/** As `record`, for what takes the call to another flow, which is kept with the event, not in it: it can be large. */
	recordRedirect(happening: CallHappening, walked: WalkedFlow): Promise<void> {
		return this.#record([happening], walked);
	}

	#record(
		happenings: readonly CallHappening[],
		walked?: WalkedFlow,
	): Promise<void> {
		if (this.#broken) return this.#last;
		if (this.#ended) {
			const { callId, log } = this.#options;
			const types = happenings.map(({ type }) => type);
			log.info({ callId, types }, "not kept: the attempt had ended");
			return this.#last;
		}
		const events = happenings.map((happening) => this.write(happening));
		const { keep, tell, trace } = this.#options;
		for (const event of events) trace?.note(event);
		const kept = keep(events, walked);
		this.#last = Promise.all([this.#last, kept]).then(() => {
			for (const event of events) tell(event);
		});
		this.#last.catch(() => {
			this.#broken = true;
		});
		return this.#last;
	}
}
